// What a program imports with MCPHost: the interface of a host is made of it.

@_exported import struct Logging.Logger
@_exported import OmlxConfiguration
@_exported import struct OmlxMCPClient.Completion
@_exported import enum OmlxMCPClient.CompletionSubject
@_exported import struct OmlxMCPClient.ContentBlock
@_exported import struct OmlxMCPClient.Elicitation
@_exported import enum OmlxMCPClient.ElicitationAnswer
@_exported import struct OmlxMCPClient.ElicitedField
@_exported import struct OmlxMCPClient.EmbeddedResource
@_exported import struct OmlxMCPClient.InProcessCall
@_exported import class OmlxMCPClient.InProcessServer
@_exported import struct OmlxMCPClient.MediaContent
@_exported import enum OmlxMCPClient.PageAddress
@_exported import struct OmlxMCPClient.Prompt
@_exported import struct OmlxMCPClient.PromptResult
@_exported import struct OmlxMCPClient.Resource
@_exported import struct OmlxMCPClient.ResourceContents
@_exported import struct OmlxMCPClient.ResourceLink
@_exported import struct OmlxMCPClient.ResourceTemplate
@_exported import struct OmlxMCPClient.Tool
@_exported import struct OmlxMCPClient.ToolResult
@_exported import struct OmlxMCPClient.URITemplate
import OmlxMCPClient
@_exported import OmlxSignIn

/// How far a call is, under a name that Foundation does not have.
public typealias ToolProgress = OmlxMCPClient.Progress
