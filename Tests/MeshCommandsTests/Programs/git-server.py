"""Serves a directory to git over HTTP, to who knows the name and the password. Prints its port.

usage: git-server.py DIRECTORY NAME PASSWORD
"""

import base64
import http.server
import sys

root, name, password = sys.argv[1:]
expected = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, directory=root, **options)

    def do_GET(self):
        if self.headers.get("Authorization") == expected:
            return super().do_GET()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
