// What a program imports with MCPHost: the configuration is part of its interface.

@_exported import OmlxConfiguration
