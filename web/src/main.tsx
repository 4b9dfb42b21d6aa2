import "./styles/theme.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/lists.css";
import "./styles/station.css";
import "./styles/map.css";
import "./styles/narrow.css";
import { render } from "preact";
import { App } from "./components/App";
import { startStore } from "./store";
import { startTheme } from "./theme";

startTheme();
startStore();
const root = document.getElementById("app");
if (root) render(<App />, root);
