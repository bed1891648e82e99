"""A child like the real one, with a stand-in for the native server: it supervises, registers and ends alike.

The model file's text says how it behaves: "GGUF" tells its process, "GGUF reads" also cites line 2 for 42,
"GGUF refuse" cannot load, "GGUF memory" is killed while loading. A prompt with the word "crash" kills it in
mid-call; "crash once" only its first time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from leadline.connectors.language_models import gguf_child


def start(job: gguf_child.Job) -> str:
    wanted = Path(job.model).read_text()
    if "refuse" in wanted:
        print("0.00.1 E srv init: exiting due to model loading error", file=sys.stderr, flush=True)
        raise RuntimeError("Failed to init server")
    if "memory" in wanted:
        os.kill(os.getpid(), signal.SIGKILL)
    crashed = Path(job.folder) / "crashed"

    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, {"status": "ok"})

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["content-length"])).decode()
            if self.headers["authorization"] != f"Bearer {job.api_key}":
                self._send(401, {"error": {"message": "Invalid API Key", "code": 401}})
                return
            if "crash" in asked and not ("once" in asked and crashed.exists()):
                crashed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            said = {"citations": [2], "value": 42, "answered": True} if "reads" in wanted else {}
            text = json.dumps({"pid": os.getpid(), **said})
            message = {"role": "assistant", "content": text}
            self._send(
                200,
                {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "stand-in",
                    "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                },
            )

        def _send(self, status: int, body: object) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    os._exit(gguf_child.run(start))
