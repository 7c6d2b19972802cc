"""Serves one folder over HTTP with parts of files (Range), and fails as it is told to.

ranges.py FOLDER PORT-FILE LOG. Each answer is a line of LOG: method, status, bytes sent. Files in FOLDER
steer it: "break-at" holds an offset: the answer that reaches it ends there, once, in the middle of
the connection; "slow" makes it wait before each 64 KiB; "whole" makes it know nothing of Range."""
import http.server
import os
import re
import sys
import time

folder, port_file, log_file = sys.argv[1:]


def take(name):
    """The text of a steering file, which is gone then; None without one."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as file:
        text = file.read()
    os.unlink(path)
    return text


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # the base's name for it
        pass

    def note(self, status, sent):
        with open(log_file, "a", encoding="ascii") as file:
            file.write(f"{self.command} {status} {sent}\n")

    def send_part(self, file, first, last):
        """Sends bytes first to last; the number of those that went out."""
        stop = take("break-at") if self.command == "GET" else None
        stop = int(stop) if stop else None
        if stop is not None and not first <= stop <= last:
            with open(os.path.join(folder, "break-at"), "w", encoding="ascii") as again:
                again.write(str(stop))
            stop = None
        file.seek(first)
        sent, end = 0, last + 1 if stop is None else stop
        while first + sent < end:
            if os.path.exists(os.path.join(folder, "slow")):
                time.sleep(0.1)
            piece = file.read(min(65536, end - first - sent))
            self.wfile.write(piece)
            sent += len(piece)
        if stop is not None:
            self.close_connection = True
        return sent

    def answer(self):
        path = os.path.join(folder, os.path.basename(self.path))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if not os.path.isfile(path):
            self.send_error(404)
            self.note(404, 0)
            return
        size = os.path.getsize(path)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if os.path.exists(os.path.join(folder, "whole")):
            asked = None
        first, last = (int(asked[1]), min(int(asked[2]), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        sent = 0
        if self.command == "GET":
            with open(path, "rb") as file:
                try:
                    sent = self.send_part(file, first, last)
                except OSError:
                    self.close_connection = True
        self.note(206 if asked else 200, sent)

    do_GET = do_HEAD = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w", encoding="ascii") as out:
    out.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
