# SPDX-License-Identifier: Apache-2.0
"""A real Chromium, driven through node; what is missing is a loud SKIP."""
import json
import queue
import subprocess
import threading

from .clients import client_path, tool_path
from .wait import until


class Browser:
    """The process; commands are answered one after the other."""

    def __init__(self):
        command = [client_path("drive-browser"), tool_path("chromium")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put({"error": "the browser's driver ended"})

    def ask(self, do, deadline_s=60, **more):
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        answer = self.answers.get(timeout=deadline_s)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url):
        return Page(self, self.ask("open", url=url))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Page:
    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def run(self, source, *args):
        """The value of a function's source called with args, awaited."""
        call = f"({source})({', '.join(json.dumps(a) for a in args)})"
        return self.browser.ask("run", page=self.number, source=call)

    def until(self, source, *args, what=None, deadline_s=30):
        return until(lambda: self.run(source, *args), what or source, deadline_s, every_s=0.05)

    def click(self, at):
        self.browser.ask("click", page=self.number, at=at)

    def fill(self, at, value):
        self.browser.ask("fill", page=self.number, at=at, value=value)

    def select(self, at, value):
        self.browser.ask("select", page=self.number, at=at, value=value)

    def go(self, url):
        self.browser.ask("go", page=self.number, url=url)

    def faults(self):
        return self.browser.ask("faults", page=self.number)

    def shut(self):
        self.browser.ask("shut", page=self.number)
