# What the peers share: reading the configuration and printing the outcome as omlx's work is: all servers, all tools.
import json
import sys


def servers():
    """(name, entry) of each server of the mcp.json named on the command line."""
    with open(sys.argv[1], encoding="utf-8") as file:
        return list(json.load(file)["mcpServers"].items())


def report(listings):
    json.dump([{"server": name, "tools": [{"name": f"{name}__{tool}"} for tool in tools]} for name, tools in listings],
              sys.stdout)
