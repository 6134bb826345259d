# SPDX-License-Identifier: Apache-2.0
"""A way to the gateway that a test can cut and mend."""
import socket
import threading


class Detour:
    """Forwards connections from a port of its own to another port."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.open_sockets = set()
        self.lock = threading.Lock()
        self.listener = None
        self.port = 0
        self.mend()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def mend(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        """Ends what is open and refuses what comes."""
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            listener.close()
        with self.lock:
            sockets, self.open_sockets = self.open_sockets, set()
        for s in sockets:
            self._end(s)

    @staticmethod
    def _end(s):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                return
            with self.lock:
                if self.listener is not listener:
                    self._end(near)
                    self._end(far)
                    return
                self.open_sockets |= {near, far}
            threading.Thread(target=self._copy, args=(near, far), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near), daemon=True).start()

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        self._end(source)
        self._end(target)
