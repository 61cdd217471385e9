"""A small HTTP server:  server.py PORT FILE [FAILURES]. Bodies go into FILE, a line each, with their headers'
Idempotency-Key and Authorization before them. The first FAILURES requests are answered 503."""
import http.server
import sys

failures = int(sys.argv[3]) if len(sys.argv) > 3 else 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global failures
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/gone":
            status = 410
        elif failures > 0:
            failures -= 1
            status = 503
        else:
            status = 200
            with open(sys.argv[2], "ab") as out:
                head = "%s %s " % (self.headers["Idempotency-Key"], self.headers["Authorization"])
                out.write(head.encode() + body + b"\n")
        self.send_response(status)
        self.end_headers()

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
