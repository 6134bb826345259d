# SPDX-License-Identifier: Apache-2.0
"""What the README, the pages and the confs say, against the gateway itself."""
import getpass
import glob
import json
import os
import re
import shutil
import signal
import subprocess

import pytest
from support.browser import Browser
from support.events import client
from support.gateway import BINARY, free_port
from support.process import is_alive
from support.wait import until

pytestmark = pytest.mark.only_on("embedded", "nothing in it depends on the event log")

TOP = os.environ.get("HEADGATE_TOP") or os.path.join(os.path.dirname(__file__), "..", "..")
PAGES = ["README.md", *sorted(os.path.relpath(p, TOP) for p in glob.glob(f"{TOP}/docs/*.md"))]
CONFS = sorted(os.path.relpath(p, TOP) for p in glob.glob(f"{TOP}/conf/**/*.conf", recursive=True))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def blocks(page, kind):
    """The fenced blocks of a page whose fence says so."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", read(page), re.M | re.S)


WHOLE = [(page, i) for page in PAGES for i in range(len(blocks(page, "nginx whole")))]


def at_home(conf, certificate):
    """A conf of a page with the files, the user and the module of this run."""
    crt, key = certificate
    conf = re.sub(r"(ssl_certificate\s+)[^;]+;", rf"\g<1>{crt};", conf)
    conf = re.sub(r"(ssl_certificate_key\s+)[^;]+;", rf"\g<1>{key};", conf)
    conf = re.sub(r"^user\s+\w+;", f"user {getpass.getuser()};", conf, flags=re.M)
    return conf.replace("./hello.so", "hello")


def judge(make_gateway, certificate, conf):
    g = make_gateway(conf="")
    conf = at_home(conf, certificate)
    for made in ("run", "/run/headgate", "/var/lib/headgate", "/var/log/headgate"):
        place = os.path.join(g.dir, made.lstrip("/"))
        os.makedirs(place)
        conf = re.sub(rf"(?<=\s){made}/", f"{place}/", conf)
    g.write_conf(conf)
    os.symlink(os.path.abspath(f"{TOP}/docs"), os.path.join(g.dir, "docs"))
    return subprocess.run(g.command("-t"), cwd=g.dir, text=True, capture_output=True, timeout=60,
                          check=False)


def test_the_pages_have_whole_confs():
    assert {page for page, _ in WHOLE} >= {"README.md", "docs/modules.md"}


@pytest.mark.parametrize("page, i", WHOLE)
def test_a_whole_conf_of_a_page_is_valid(make_gateway, certificate, page, i):
    r = judge(make_gateway, certificate, blocks(page, "nginx whole")[i])
    assert (r.returncode, "test is successful" in r.stderr) == (0, True), r.stderr


@pytest.mark.parametrize("path", CONFS)
def test_a_conf_that_is_handed_out_is_valid(make_gateway, certificate, path):
    r = judge(make_gateway, certificate, read(path))
    assert (r.returncode, "test is successful" in r.stderr) == (0, True), r.stderr


def here(g, command):
    """A command of a page, with this run's ports, names and certificate."""
    for old, new in ((r"https://127\.0\.0\.1:8443", g.url),
                     (r"https://events\.example\.com/\w+", f"{g.url}/events --cacert {g.crt}"),
                     (r"run/tls\.crt", g.crt),
                     (r"headgatectl (status|dlq .*)", rf"headgatectl \1 --admin {g.admin}")):
        command = re.sub(old, new, command)
    return ["bash", "-c", "set -o pipefail; " + command]


def around(g):
    """Without proxies, and with headgatectl where a shell finds it."""
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    names = os.path.join(g.dir, "bin")
    os.makedirs(names, exist_ok=True)
    if not os.path.exists(f"{names}/headgatectl"):
        os.symlink(os.path.abspath(BINARY), f"{names}/headgatectl")
    return {**env, "PATH": f"{names}:{env['PATH']}"}


def paste(g, command, given=""):
    return subprocess.run(here(g, command), cwd=g.dir, input=given, text=True,
                          capture_output=True, timeout=60, check=False, env=around(g))


@pytest.fixture
def quickstart(make_gateway, certificate):
    """A gateway with the quick start's conf, on ports of its own."""
    g = make_gateway(conf="")
    conf = at_home(read("conf/quickstart.conf"), certificate)
    for old, new in (("8443", g.tls), ("9180", g.admin), ("docs/demo", f"{os.path.abspath(TOP)}/docs/demo")):
        conf = conf.replace(old, str(new))
    g.write_conf(conf)
    os.mkdir(os.path.join(g.dir, "run"))
    return g.start()


def test_the_conf_and_the_commands_of_the_readme_work(make_gateway, certificate):
    g = make_gateway(conf="")
    conf = at_home(blocks("README.md", "nginx whole")[0], certificate)
    g.write_conf(f"admin 127.0.0.1:{g.admin};\n" + conf.replace("8443", str(g.tls)))
    os.mkdir(os.path.join(g.dir, "run"))
    g.start()
    post = blocks("README.md", "sh")[1].split("\n\n")[1]
    assert paste(g, post).stdout.startswith("HTTP/2 202")


def test_what_the_quick_start_prints_works_when_pasted(quickstart):
    follow, post, pull = re.findall(r"^  (curl .*)$", read("scripts/quickstart"), re.M)
    command = here(quickstart, f"exec timeout 60 {follow}")
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=around(quickstart)) as stream:
        assert any("headgate.stream.opened" in line for line in stream.stdout)
        assert paste(quickstart, post).stdout.startswith("HTTP/2 202")
        assert any("com.example.hello" in line for line in stream.stdout)
        stream.kill()
    assert "headgate-duplicate: true" in paste(quickstart, post).stdout
    assert [e["type"] for e in json.loads(paste(quickstart, pull).stdout)] == ["com.example.hello"]


def test_the_examples_of_headgatectl_print_what_the_page_says(quickstart):
    examples = [b for b in blocks("docs/headgatectl.md", "") if b.startswith("$ ")]
    assert len(examples) == 8
    assert examples.pop().startswith("$ headgatectl log copy ")  # test_k07_copy.py has it
    publish, batch, tail, count, status = (
        b.replace("\\\n", "").split("\n")[0][2:] for b in examples[:5])
    assert re.fullmatch(r"\S{42} stored\n", paste(quickstart, publish).stdout)
    with open(os.path.join(quickstart.dir, "events.ndjson"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps({"specversion": "1.0", "id": str(i), "source": "/b", "type": "t"})
                     + "\n" for i in range(3))
    assert re.fullmatch(r"(\S{42} stored\n){3}", paste(quickstart, batch).stdout)
    seen = json.loads(paste(quickstart, tail + " --since earliest --count 1").stdout)
    assert (seen["subject"], len(seen["hgposition"])) == ("order-42", 42)
    assert paste(quickstart, count).stdout.strip() == "4"
    said = paste(quickstart, status)
    assert said.returncode == 0
    for line in examples[4].split("\n")[1:]:
        words = line.split()
        if words and words[0] not in ("gateway", "uptime", "demo.events", "..."):
            assert words in [s.split() for s in said.stdout.split("\n")], line


def test_the_examples_of_dead_letters_print_what_the_page_says(make_gateway):
    """Two letters as the page has them: the first is stored once its location is mended."""
    g = make_gateway(events="dead_letter on; json_data strict;").start()
    fields = {"content-type": "application/json", "ce-specversion": "1.0", "ce-source": "/s",
              "ce-type": "t", "ce-id": "order-42"}
    with client(g) as http:
        for body in ('{"n":1,"n":2}', '{'):
            assert http.post("/events", content=body, headers=fields).status_code == 400
    first, replay = [b for b in blocks("docs/headgatectl.md", "") if b.startswith("$ headgatectl dlq")]
    for example in first.split("\n\n"):
        command, _, page = example.partition("\n")
        said = paste(g, command[2:])
        assert (said.returncode, said.stderr) == (0, "")
        assert alike(said.stdout)[:len(alike(page))] == alike(page)
    g.write_conf(g.conf.replace("json_data strict;", ""))
    assert g.run("-s", "reload").returncode == 0
    command, _, page = replay.partition("\n")
    said = paste(g, command[2:])
    assert alike(said.stdout + said.stderr) == alike(page)


def alike(text):
    """The words of each line, but for positions, times and sizes."""
    for changing, name in ((r"A[\w-]{41}", "POSITION"), (r"20\d\d-\S*Z", "TIME"), (r"\d+  TIME  ", "SIZE TIME ")):
        text = re.sub(changing, name, text)
    return [line.split() for line in text.rstrip("\n").split("\n")]


def test_the_faults_of_the_configuration_page_are_those_of_headgate(make_gateway):
    """The page's five lines, from a conf that has these mistakes at these lines."""
    lines = [""] * 32
    lines[0] = "event_log embedded events; load_module log_embedded; include conf/topics/*.conf;"
    lines[11], lines[14], lines[19] = "stream_hearbeat 5s;", "keepalive_timeout 2h;", "listen 80;"
    lines[30] = "server {"
    g = make_gateway(conf="")
    os.makedirs(os.path.join(g.dir, "conf/topics"))
    for name, text in (("headgate", "\n".join(lines)), ("topics/orders", '\n\npid "run/x;\n')):
        with open(os.path.join(g.dir, f"conf/{name}.conf"), "w", encoding="utf-8") as f:
            f.write(text)
    told = subprocess.run([BINARY, "-t", "-m", os.environ["HEADGATE_MODULES"]], cwd=g.dir, text=True,
                          capture_output=True, timeout=60, check=False)
    page = next(b for b in blocks("docs/configuration.md", "") if "stream_hearbeat" in b)
    assert told.stderr.splitlines()[:-1] == page.splitlines()
    assert told.returncode == 1


def test_metrics_and_problems_that_pages_name_are_there():
    metrics = re.findall(r"^\| `(\w+)`", read("docs/reference/metrics.md"), re.M)
    problems = re.findall(r"^\| `([\w-]+)` \| (\d+)", read("docs/reference/problems.md"), re.M)
    for page in PAGES:
        text = read(page)
        for name in re.findall(r"\bheadgate_\w+_(?:total|bytes|open|entries)\b", text):
            assert name in metrics, (page, name)
        for status, name in re.findall(r"`([45]\d\d) ([a-z]+-?[a-z]+)`", text):
            assert (name, status) in problems, (page, name)


def test_lines_of_the_error_log_that_operations_names_are_written_somewhere():
    table = read("docs/operations.md").split("## When something is wrong")[1]
    source = "".join(read(p) for d in ("src", "modules")
                     for p in glob.glob(f"{TOP}/{d}/**/*.c", recursive=True))
    rows = [row.split("|")[1] for row in table.splitlines() if "in the error log" in row]
    names = {name for row in rows for name in re.findall(r"`([a-z]+_[a-z_]+)`", row)}
    assert names >= {"log_not_writable", "worker_restarts", "reload_refused"}
    for name in names:
        assert f'"{name}"' in source, name


def test_links_of_the_pages_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(page)):
            if "://" not in link:
                path = os.path.join(TOP, os.path.dirname(page), link)
                assert os.path.exists(path), (page, link)


@pytest.mark.parametrize("old, new", [
    ("embedded events", "embedded {dir}/events"),
    ("gateway.pid", "{dir}/gateway.pid"),
    ("gateway.pid", "nowhere/gateway.pid"),
    ("listen 127.0.0.1:{plain}", "listen 127.0.0.1:{admin}"),
])
def test_a_start_that_fails_says_what_the_page_says(make_gateway, old, new):
    page = read("docs/operations.md").split("### It does not start")[1]
    said = [re.sub(r"[A-Z]{3,}", r"\\S+", re.escape(m))
            for m in re.findall(r"^\| `([^`]+)`", page, re.M)]
    first, second = make_gateway().start(), make_gateway()
    second.write_conf(second.conf.replace(old.format(**second.values), new.format(**first.values)))
    r = second.run()
    told = [line for line in r.stderr.splitlines() if any(re.fullmatch(p, line) for p in said)]
    assert (r.returncode, len(told)) == (1, 1), r.stderr


@pytest.fixture
def clone(tmp_path):
    """A clone as scripts/quickstart needs it, its build done, ports its own.
    Gives a way to run the script; what it has left running is ended."""
    ports = {"8443": str(free_port()), "9180": str(free_port())}
    for name in ("scripts/quickstart", "conf/quickstart.conf"):
        os.makedirs(tmp_path / os.path.dirname(name), exist_ok=True)
        text = re.sub("8443|9180", lambda m: ports[m[0]], read(name))
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("install-packages", "build"):
        (tmp_path / "scripts" / name).write_text("#!/bin/sh\n", encoding="utf-8")
    for path in (tmp_path / "scripts").iterdir():
        path.chmod(0o755)
    shutil.copytree(f"{TOP}/docs/demo", tmp_path / "docs/demo")
    os.makedirs(tmp_path / "out/quickstart/bin")
    shutil.copy(BINARY, tmp_path / "out/quickstart/bin/headgate")

    def run(*args, **more):
        return subprocess.run([tmp_path / "scripts/quickstart", *args], cwd=tmp_path, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False, **more)

    run.dir = tmp_path
    run.pid = lambda: int((tmp_path / "run/headgate.pid").read_text(encoding="utf-8"))
    yield run
    run("--stop")


def test_the_quick_start_starts_once_and_stops_twice(clone):
    first = clone("--detach")
    assert first.returncode == 0 and "Headgate is ready" in first.stdout
    pid, again = clone.pid(), clone("--detach")
    assert (again.returncode, clone.pid()) == (0, pid)
    assert "it runs already" in again.stdout and "curl -i" in again.stdout
    for said in ("stopped", "nothing runs"):
        r = clone("--stop")
        assert (r.returncode, said in r.stdout) == (0, True), r.stdout
    assert not os.path.exists(f"/proc/{pid}/exe")


def test_the_quick_start_starts_again_after_its_gateway_was_killed(clone):
    clone("--detach")
    pid = clone.pid()
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
        worker = int(f.read())
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(worker), "the worker to follow its master")
    assert clone("--stop").stdout == "quickstart: nothing runs\n"
    assert "Headgate is ready" in clone("--detach").stdout
    assert "stopped" in clone("--stop").stdout


def test_the_quick_start_in_the_foreground_ends_when_the_gateway_has_ended(clone):
    with subprocess.Popen([clone.dir / "scripts/quickstart"], cwd=clone.dir, text=True,
                          stdout=subprocess.PIPE) as script:
        assert any("Stop it" in line for line in script.stdout)
        pid = clone.pid()
        script.send_signal(signal.SIGINT)
        assert script.wait(60) == 0
        assert script.stdout.read() == "quickstart: stopped\n"
    assert not os.path.exists(f"/proc/{pid}")


def test_the_unit_and_the_conf_of_production_fit_each_other():
    unit, conf = read("conf/examples/headgate.service"), read("conf/examples/production.conf")
    in_unit = dict(re.findall(r"^(\w+)=(.*)$", unit, re.M))
    in_conf = dict(re.findall(r"^(\w+)\s+([^;]*?);", conf, re.M))
    assert int(in_unit["LimitNOFILE"]) >= int(in_conf["worker_connections"]) + 1000
    assert int(in_unit["TimeoutStopSec"]) > int(in_conf["worker_shutdown_timeout"].removesuffix("s"))
    for directive, directory in (("pid", "/run/headgate/"), ("event_log", "embedded /var/lib/headgate/"),
                                 ("error_log", "/var/log/headgate/"), ("access_log", "/var/log/headgate/")):
        assert in_conf[directive].startswith(directory), directive


def test_the_parts_of_hello_that_the_module_page_shows_are_its_own():
    hello = "".join(read("modules/hello/hello.c").split())
    parts = blocks("docs/modules.md", "c")
    assert len(parts) == 5
    for part in parts:
        assert "".join(part.split()) in hello, part


def test_the_scripts_of_the_browser_page_work_in_a_browser(quickstart):
    """As they stand there, with functions for what is left to the reader."""
    sse, _, socket, client, publish, fetched = blocks("docs/browser.md", "js")
    client = client.replace("import {connect} from './headgate.js';",
                            "const {connect} = await import('/headgate.js');")
    browser = Browser()
    try:
        page = browser.open(quickstart.url + "/headgate.js")
        page.run(f"""async () => {{
            window.seen = {{sse: [], socket: [], client: []}};
            const badge = () => 0, reload = () => seen.gap = true;
            {{ const show = (type, subject, data) => seen.sse.push(data.n);
               {sse}
               window.source = source; }}
            {{ const show = (event) => seen.socket.push(event.data.n);
               {socket}
               open(); window.isOpen = () => at !== ''; }}
            {{ const show = (event) => seen.client.push(event.data.n); {client} window.h = h; }}
        }}""")
        page.until("() => source.readyState === 1 && isOpen() && h.state === 'live'")
        assert page.run(f"async () => {{ {fetched} return response.status; }}") == 202
        page.run(f"async () => {{ {publish} }}")
        page.until("() => [seen.sse, seen.socket, seen.client].every((s) => s.length === 2)",
                   what="two events in each of three streams")
        assert page.run("() => !seen.gap && sessionStorage.getItem('orders') !== null")
    finally:
        browser.end()
