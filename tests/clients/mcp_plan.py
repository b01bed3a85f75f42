"""Does what a plan says with the MCP client of PyPI, and prints what came of it as JSON.

Usage: mcp_plan.py PLAN, where the plan is JSON: {"mode", "url" or "command", "elicit", "steps": [{"as", "do", …}]}.
"""

import asyncio
import json
import sys
import traceback

import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

PLAN = json.loads(sys.argv[1])
SEEN = {"asked": [], "logs": [], "changed": []}


async def sample(_context, params):
    content = params.messages[0].content
    text = (content[0] if isinstance(content, list) else content).text
    SEEN["asked"].append(f"sampling/createMessage {text}")
    answer = types.TextContent(type="text", text=f"answer to {text}")
    return types.CreateMessageResult(role="assistant", model="test", stop_reason="endTurn", content=answer)


async def elicit(_context, params):
    SEEN["asked"].append(f"elicitation/create {params.message}")
    return types.ElicitResult(action="accept", content=PLAN.get("elicit") or {})


async def roots(_context):
    SEEN["asked"].append("roots/list")
    return types.ListRootsResult(roots=[types.Root(uri="file:///test/root", name="root")])


async def log(params):
    SEEN["logs"].append(params.data)


async def message(notification):
    method = getattr(notification, "method", "")
    if method == "notifications/tools/list_changed":
        SEEN["changed"].append("tools")
    elif method == "notifications/resources/updated":
        SEEN["changed"].append(str(notification.params.uri))


def told(error):
    if isinstance(error, MCPError):
        return {"error": {"code": error.error.code, "message": error.error.message, "data": error.error.data}}
    return {"error": {"code": None, "message": f"{type(error).__name__}: {error}", "data": None}}


async def until(holds, what):
    for _ in range(200):
        if await holds():
            return
        await asyncio.sleep(0.025)
    raise RuntimeError(f"waited in vain until {what}")


async def call(client, step):
    progress = []

    async def on_progress(done, total, message):
        progress.append([done, total, message])

    result = await client.call_tool(step["tool"], step.get("arguments"), progress_callback=on_progress)
    text = "".join(getattr(part, "text", "") for part in result.content)
    kinds = [part.type for part in result.content]
    return {"text": text, "types": kinds, "isError": bool(result.is_error), "progress": progress}


async def cancel(client, step):
    """Cancels a call that runs, and waits until the server knows."""
    marker = {"marker": step["marker"]}
    running = asyncio.create_task(call(client, {"tool": "wait", "arguments": marker}))

    async def state():
        return json.loads((await call(client, {"tool": "waited", "arguments": marker}))["text"])

    async def started():
        return (await state())["started"]

    async def cancelled():
        return (await state())["cancelled"]

    await until(started, "the call runs")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await until(cancelled, "the server knows")
    return await state()


async def read(client, step):
    content = (await client.read_resource(step["uri"])).contents[0]
    return content.model_dump(mode="json", by_alias=True, exclude_none=True)


async def prompt(client, step):
    result = await client.get_prompt(step["name"], step.get("arguments"))
    return [getattr(message.content, "text", message.content.type) for message in result.messages]


async def complete(client, step):
    reference = types.PromptReference(type="ref/prompt", name=step["prompt"])
    result = await client.complete(reference, {"name": step["argument"], "value": step["value"]})
    return result.completion.values


async def wait_for(_client, step):
    async def there():
        return len(SEEN[step["seen"]]) >= step["count"]

    await until(there, f"{step['count']} of {step['seen']}")


async def tools(client, _step):
    return sorted(tool.name for tool in (await client.list_tools()).tools)


async def resources(client, _step):
    return sorted(str(resource.uri) for resource in (await client.list_resources()).resources)


async def prompts(client, _step):
    return sorted(prompt.name for prompt in (await client.list_prompts()).prompts)


async def level(client, step):
    await client.set_logging_level(step["level"])


async def subscribe(client, step):
    await client.subscribe_resource(step["uri"])


ACTIONS = {
    "tools": tools,
    "resources": resources,
    "prompts": prompts,
    "call": call,
    "cancel": cancel,
    "read": read,
    "prompt": prompt,
    "complete": complete,
    "level": level,
    "subscribe": subscribe,
    "await": wait_for,
}


async def main():
    report = {"seen": SEEN}
    server = PLAN.get("url")
    if server is None:
        command, *arguments = PLAN["command"]
        server = StdioServerParameters(command=command, args=arguments, cwd=PLAN.get("directory"))
    try:
        async with Client(
            server,
            mode=PLAN["mode"],
            read_timeout_seconds=30,
            sampling_callback=sample,
            elicitation_callback=elicit,
            list_roots_callback=roots,
            logging_callback=log,
            message_handler=message,
        ) as client:
            report["protocol"] = client.protocol_version
            for step in PLAN["steps"]:
                try:
                    outcome = await ACTIONS[step["do"]](client, step)
                except Exception as error:  # what kind it is differs between versions of the client
                    outcome = told(error)
                report[step.get("as", step["do"])] = outcome
    except BaseException:
        report["failed"] = traceback.format_exc()
    print(json.dumps(report))


asyncio.run(main())
