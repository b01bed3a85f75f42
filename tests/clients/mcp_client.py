"""Talks to a gateway as any MCP host would, with the public client, and prints what it got as JSON.

Usage: mcp_client.py URL
"""

import asyncio
import json
import sys

from mcp import Client


def text_of(result):
    return "".join(part.text for part in result.content if part.type == "text")


async def attempt(client, name, arguments):
    try:
        result = await client.call_tool(name, arguments)
    except Exception as error:  # what kind it is differs between versions of the client
        return {"error": str(error)}
    return {"text": text_of(result), "isError": bool(result.is_error)}


async def main(url):
    async with Client(url, read_timeout_seconds=20) as client:
        tools = await client.list_tools()
        report = {
            "protocol": client.protocol_version,
            "server": client.server_info.name,
            "tools": sorted(tool.name for tool in tools.tools),
            "redacted": await attempt(client, "read_file", {"path": "deploy.env"}),
            "people": await attempt(client, "query_sql", {"sql": "SELECT name, email, phone FROM customers"}),
            "denied": await attempt(client, "run_command", {"command": "rm -rf / --no-preserve-root"}),
            "after": await attempt(client, "query_sql", {"sql": "SELECT name FROM customers"}),
        }
    print(json.dumps(report))


asyncio.run(main(sys.argv[1]))
