"""Reads and runs the policies of an interceptor server with the public MCP client, in each of its modes, and prints what
it got as JSON.

Usage: interceptors_client.py URL
"""

import asyncio
import json
import sys
from typing import Any

from mcp import Client, MCPError, types
from pydantic import TypeAdapter

ANY = TypeAdapter(dict[str, Any])
EXTENSION = "io.modelcontextprotocol/interceptors"


async def ask(client, method, params):
    request = types.Request[dict[str, Any], str](method=method, params=params)
    return await client.session.send_request(request, ANY)


def invocation(name, payload):
    return {"name": name, "event": "tools/call", "phase": "request", "payload": payload, "timeoutMs": 5000}


async def report(url, mode):
    async with Client(url, mode=mode, read_timeout_seconds=20) as client:
        extensions = client.server_capabilities.model_dump(by_alias=True).get("extensions") or {}
        listed = await ask(client, "interceptors/list", {"event": "tools/call"})
        command = {"name": "run_command", "arguments": {"command": "rm -rf / --no-preserve-root"}}
        harmless = {"name": "run_command", "arguments": {"command": "ls"}}
        unknown = None
        try:
            await ask(client, "interceptor/invoke", invocation("nobody", {}))
        except MCPError as error:
            unknown = error.code
        return {
            "protocol": client.protocol_version,
            "server": client.server_info.name if client.server_info else None,
            "events": extensions.get(EXTENSION, {}).get("supportedEvents"),
            "names": [entry["name"] for entry in listed["interceptors"]],
            "pass": (await ask(client, "interceptor/invoke", invocation("shell-guard", harmless)))["valid"],
            "deny": (await ask(client, "interceptor/invoke", invocation("shell-guard", command)))["valid"],
            "unknown": unknown,
        }


async def main(url):
    print(json.dumps({mode: await report(url, mode) for mode in ("auto", "legacy", "2026-07-28")}))


asyncio.run(main(sys.argv[1]))
