# The stdio server that the answers of mcpo were recorded with: a tool for every kind of content and of error.
import json,sys
T=[
 {"name":"echo","description":"Echo it","inputSchema":{"type":"object","properties":{"text":{"type":"string","description":"the text"},"n":{"type":"integer","default":3},"mode":{"type":"string","enum":["a","b"]}},"required":["text"]}},
 {"name":"no_args","description":"nothing","inputSchema":{"type":"object","properties":{}}},
 {"name":"json_text","inputSchema":{"type":"object","properties":{}}},
 {"name":"many","inputSchema":{"type":"object","properties":{}}},
 {"name":"image","inputSchema":{"type":"object","properties":{}}},
 {"name":"audio","inputSchema":{"type":"object","properties":{}}},
 {"name":"res","inputSchema":{"type":"object","properties":{}}},
 {"name":"link","inputSchema":{"type":"object","properties":{}}},
 {"name":"empty","inputSchema":{"type":"object","properties":{}}},
 {"name":"fail","inputSchema":{"type":"object","properties":{"x":{"type":"string"}}}},
 {"name":"rpc_error","inputSchema":{"type":"object","properties":{}}},
 {"name":"rpc_params","inputSchema":{"type":"object","properties":{}}},
 {"name":"structured","inputSchema":{"type":"object","properties":{"_hid":{"type":"string"},"obj":{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]},"u":{"anyOf":[{"type":"string"},{"type":"null"}]},"arr":{"type":"array","items":{"type":"integer"}},"ref":{"$ref":"#/$defs/P"}},"$defs":{"P":{"type":"object","properties":{"q":{"type":"string"}}}},"required":["obj"]},"outputSchema":{"type":"object","properties":{"ok":{"type":"boolean"},"v":{"type":"string"}},"required":["ok"]}},
 {"name":"dash-tool.x","inputSchema":{"type":"object","properties":{"a":{"type":"string"}}}},
]
def out(o): sys.stdout.write(json.dumps(o)+"\n"); sys.stdout.flush()
for line in sys.stdin:
    m=json.loads(line); i=m.get("id"); me=m.get("method"); p=m.get("params") or {}
    if i is None: continue
    if me=="initialize": out({"jsonrpc":"2.0","id":i,"result":{"protocolVersion":p["protocolVersion"],"capabilities":{"tools":{}},"serverInfo":{"name":"demo-srv","version":"9.9"},"instructions":"Use me well"}})
    elif me=="tools/list": out({"jsonrpc":"2.0","id":i,"result":{"tools":T}})
    elif me=="tools/call":
        n=p["name"]; a=p.get("arguments")
        t=lambda s:{"type":"text","text":s}
        R={"echo":{"content":[t(json.dumps(a))]},"no_args":{"content":[t("plain")]},"json_text":{"content":[t('{"k":[1,2]}')]},"many":{"content":[t("one"),t("2")]},"image":{"content":[{"type":"image","data":"QUJD","mimeType":"image/png"}]},"audio":{"content":[{"type":"audio","data":"QUJD","mimeType":"audio/wav"}]},"res":{"content":[{"type":"resource","resource":{"uri":"file:///a","text":"hi"}}]},"link":{"content":[{"type":"resource_link","uri":"file:///a","name":"a"}]},"empty":{"content":[]},"fail":{"content":[t("it broke")],"isError":True},"structured":{"content":[t('{"ok":true,"v":null}')],"structuredContent":{"ok":True}},"dash-tool.x":{"content":[t("x")]}}
        if n=="rpc_error": out({"jsonrpc":"2.0","id":i,"error":{"code":-32603,"message":"boom","data":{"d":1}}})
        elif n=="rpc_params": out({"jsonrpc":"2.0","id":i,"error":{"code":-32602,"message":"bad params"}})
        else: out({"jsonrpc":"2.0","id":i,"result":R[n]})
    else: out({"jsonrpc":"2.0","id":i,"error":{"code":-32601,"message":"nope"}})
