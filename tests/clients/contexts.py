"""Calls inside contexts, with httpx and with the client of OpenAI, through the gateway at argv[1]; admin at argv[2]."""

import sys

GATEWAY, ADMIN = sys.argv[1:3]

# --- shown ---
from contextlib import contextmanager

import httpx2 as httpx
from openai import OpenAI

# One call: two headers.
found = httpx.post(
    f"{GATEWAY}/http/search",
    json={"query": "weirs"},
    headers={"Weir-Agent-Id": "ada", "Weir-Action-Name": "search"},
)
print("search:", found.status_code, found.headers["weir-call-ref"])


# Several calls, or a client that is not yours to change: a token.
@contextmanager
def context(agent, action):
    opened = httpx.post(f"{ADMIN}/v1/contexts", json={"agentId": agent, "actionName": action}).json()
    try:
        yield {"Weir-Context": opened["token"]}
    finally:
        httpx.delete(f"{ADMIN}/v1/contexts/{opened['token']}")


client = OpenAI(base_url=f"{GATEWAY}/llm/v1", api_key="unused")
messages = [{"role": "user", "content": "Plan the day."}]
with context("ada", "plan") as headers:
    answer = client.chat.completions.create(model="echo", messages=messages, extra_headers=headers)
print("plan:", answer.choices[0].message.content)

# Outside of a context nothing is recorded.
client.chat.completions.create(model="echo", messages=messages)

latest = httpx.get(f"{ADMIN}/v1/records/latest", params={"agentId": "ada", "actionName": "plan"}).json()
print("recorded:", latest["response"] and latest["response"]["choices"][0]["message"]["content"])
