"""Every client against a router of its own, and a table of what came of it: `make clients`.

Starts `llm-router serve --demo` on a free port, and asks over one model of each simulated provider's wire. The clients are
installed, each in its own place, under target/clients: that takes the network and some minutes the first time.

With LOCAL_MODEL_URL (a server that speaks OpenAI's chat completions, such as http://127.0.0.1:18080/v1) and LOCAL_MODEL
(its name for a model; LOCAL_MODEL_KEY if it wants one), a second router asks that model: its answers are checked in form
alone, and LangChain's own suite for chat models runs against it.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSTALLED = ROOT / "target" / "clients"
BINARY = ROOT / "target" / "debug" / "llm-router"
# A model on the wire of each provider.
MODELS = {"OpenAI": "gpt-4o", "Anthropic": "claude-sonnet-5", "OpenRouter": "deepseek/deepseek-v4-flash"}
FRAMEWORKS = ["langchain-openai", "langchain-anthropic", "langchain-tests", "pytest-asyncio", "instructor", "llm"]
PYTHON = {
    "current": ["openai", "anthropic"],
    "previous": ["anthropic<2"],
    # Not every framework knows the newest major version.
    "frameworks": [*FRAMEWORKS, "pydantic-ai-slim[openai,anthropic]", "anthropic<2"],
}
# Asks for whatever the API's document allows, and looks whether the answers are what it says.
PYTHON["document"] = ["schemathesis"]
NODE = ["openai", "@anthropic-ai/sdk", "ai", "@ai-sdk/openai", "@ai-sdk/anthropic"]
# The closing line of every client, and of pytest.
CLOSING = re.compile(r"^(\d+) of (\d+) against|(?:(\d+) failed, )?(\d+) passed", re.M)


def install():
    """The interpreter of each set of Python packages; Node's are found where the command runs."""
    pythons = {}
    for name, packages in PYTHON.items():
        place, python = INSTALLED / name, INSTALLED / name / "bin" / "python"
        if not (place / "done").exists():
            print(f"installing {', '.join(packages)}", flush=True)
            subprocess.run([sys.executable, "-m", "venv", place], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
            (place / "done").touch()
        pythons[name] = python
    place = INSTALLED / "node"
    if not (place / "done").exists():
        print(f"installing {', '.join(NODE)}", flush=True)
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text("{}")
        subprocess.run(["npm", "install", "--silent", *NODE], cwd=place, check=True)
        (place / "done").touch()
    return pythons


class Router:
    """A router on a free port, in an empty directory."""

    def __init__(self, arguments, files=(), environment=()):
        self.place = tempfile.TemporaryDirectory()
        for name, text in dict(files).items():
            (Path(self.place.name) / name).write_text(text)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        limits = {"RATE_LIMIT_REQUESTS_PER_MINUTE": "100000", "RATE_LIMIT_BURST_LIMIT": "100000"}
        environment = {"PATH": os.environ["PATH"], **limits, **dict(environment)}
        command = [BINARY, "serve", *arguments, "--listen", f"127.0.0.1:{port}"]
        self.log = open(Path(self.place.name) / "log", "wb")
        self.process = subprocess.Popen(
            command, cwd=self.place.name, env=environment, stdout=self.log, stderr=subprocess.STDOUT
        )

    def __enter__(self):
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=1).read()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise SystemExit("the router does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.place.cleanup()


def played(name, command, **more):
    """Runs one client; its number of checks, and of those that held."""
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, **more)
    closing = CLOSING.findall(run.stdout)
    if not closing:
        print(f"--- {name}\n{run.stdout[-3000:]}")
        return 0, 1
    held, all_, failed, passed = closing[-1]
    held, all_ = (int(held), int(all_)) if all_ else (int(passed), int(passed) + int(failed or 0))
    if run.returncode:
        print(f"--- {name}\n" + "\n".join(line for line in run.stdout.splitlines() if line.startswith("FAILED")))
    return held, all_


def against(pythons, url, model, *flags):
    """Every client against one model of a router."""
    clients = {
        "openai, Python": [pythons["current"], HERE / "openai_python.py", f"{url}/v1"],
        "anthropic, Python": [pythons["current"], HERE / "anthropic_python.py", url],
        "anthropic, Python, the major version before": [pythons["previous"], HERE / "anthropic_python.py", url],
        "LangChain, Pydantic AI, Instructor, llm": [pythons["frameworks"], HERE / "frameworks_python.py", url],
    }
    for name, command in clients.items():
        yield name, played(name, [*command, model, *flags])
    name = "openai, anthropic and ai, Node"
    yield name, played(name, ["node", HERE / "node.mjs", url, model, *flags], cwd=INSTALLED / "node")


def documented(pythons, url):
    """The whole API against its own document: how many requests, and how many answers were as it says."""
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    # A stream of records does not end by itself.
    command = [pythons["document"].with_name("schemathesis"), "run", ROOT / "docs" / "openapi.json", "--url", url]
    options = ["--checks", checks, "--max-examples", "20", "--exclude-path-regex", "requests/stream"]
    with tempfile.TemporaryDirectory() as place:
        run = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, timeout=900, cwd=place)
    if run.returncode:
        print(run.stdout[-6000:])
    generated, passed = re.findall(r"(\d+) generated, (\d+) (?:passed)?", run.stdout)[-1]
    return run.returncode, f"{passed} of {generated} requests"


def local(pythons, url, model):
    """Every client against a model that really runs, and LangChain's own suite."""
    key = os.environ.get("LOCAL_MODEL_KEY", "none")
    files = {
        "llm-router.toml": f'[models]\nshipped = false\nfiles = ["models.toml"]\n[providers.local]\nkind = "openai_compatible"\n'
        f'base_url = "{url}"\napi_key_env = "LOCAL_MODEL_KEY"\n',
        # It takes tools and schemas, whatever it makes of them.
        "models.toml": f'[[models]]\nid = "{model}"\nname = "{model}"\nprovider = "local"\ncontextTokens = 1000000\n'
        'maxOutputTokens = 8192\ncapabilities = ["tools", "forced_tools", "json_schema", "sampling_parameters", "prefill"]\n',
    }
    with Router([], files, {"LOCAL_MODEL_KEY": key}) as router:
        yield from against(pythons, router.url, model, "--plumbing")
        name = "LangChain's suite for chat models"
        suite = [pythons["frameworks"], "-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "langchain_standard.py"]
        environment = {**os.environ, "ROUTER_URL": router.url, "ROUTER_MODEL": model}
        yield name, played(name, [*suite, "-o", "asyncio_mode=auto"], env=environment)


def main():
    pythons = install()
    rows = {}
    with Router(["--demo"]) as router:
        for wire, model in MODELS.items():
            for name, came in against(pythons, router.url, model):
                rows.setdefault(name, {})[wire] = came
        failed, conforms = documented(pythons, router.url)
    columns = list(MODELS)
    if url := os.environ.get("LOCAL_MODEL_URL"):
        columns.append("local")
        for name, came in local(pythons, url, os.environ["LOCAL_MODEL"]):
            rows.setdefault(name, {})["local"] = came
    else:
        print("no model was asked that really runs: LOCAL_MODEL_URL names none")
    width = max(map(len, rows))
    print(f"\n{'client':<{width}}  " + "  ".join(f"{column:<10}" for column in columns))
    for name, row in rows.items():
        cells = [f"{row[column][0]} of {row[column][1]}" if column in row else "-" for column in columns]
        print(f"{name:<{width}}  " + "  ".join(f"{cell:<10}" for cell in cells))
    print(f"answers that are as docs/openapi.json says: {conforms}")
    sys.exit(failed or any(held < all_ for row in rows.values() for held, all_ in row.values()))


main()
