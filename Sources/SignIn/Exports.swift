// What a program imports with this room: the interface of a sign-in is made of it.

@_exported import OmlxCredentials
@_exported import struct OmlxHTTPClient.HTTPRequestHeader
@_exported import struct OmlxHTTPClient.HTTPURL
@_exported import struct OmlxHTTPClient.TLSSettings
@_exported import enum OmlxOAuth.ClientAuthMethod
