// What a program imports with this room: the interface of stores and records is made of it.

@_exported import OmlxErrors
@_exported import OmlxJSON
@_exported import class OmlxCryptography.Secret
