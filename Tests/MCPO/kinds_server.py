# A stdio server whose tools have arguments of every kind that mcpo tells apart; they answer with what they got.
import json,sys
I=lambda p,req=[],**k:{"type":"object","properties":p,"required":req,**k}
T=[
 ("kinds",I({"s":{"type":"string","minLength":1,"maxLength":5,"pattern":"^a"},"i":{"type":"integer","minimum":1,"maximum":9},"f":{"type":"number","exclusiveMinimum":0},"b":{"type":"boolean","default":True},"z":{"type":"null"},"any":{},"anyd":{"description":"d","default":[1]},"l":{"type":"array"},"ls":{"type":"array","items":{"type":"string","enum":["a"]},"minItems":1},"o":{"type":"object"},"od":{"type":"object","additionalProperties":{"type":"integer"}},"d":{"type":"string","format":"date","title":"My Date","examples":["x"]},"e":{"enum":["x","y"]},"ei":{"type":"integer","enum":[1,2]},"c":{"const":"q"}})),
 ("unions",I({"si":{"anyOf":[{"type":"string"},{"type":"integer"}]},"sin":{"type":["string","integer","null"]},"ss":{"anyOf":[{"type":"string","maxLength":3},{"type":"string","format":"uri"}]},"on":{"anyOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"type":"null"}]},"lo":{"anyOf":[{"type":"array","items":{"type":"integer"}},{"type":"object","properties":{"k":{"type":"string"}}}]},"one":{"oneOf":[{"type":"string"},{"type":"integer"}]},"all":{"allOf":[{"type":"string"}]},"bf":{"type":["boolean","number"]},"ua":{"anyOf":[{"type":"string"},{}]},"lu":{"type":"array","items":{"type":["string","number"]}},"req":{"anyOf":[{"type":"string"},{"type":"null"}]}},["req"])),
 ("nested",I({"p":{"type":"object","description":"P","properties":{"x":{"type":"integer","default":4},"_y":{"type":"string"},"q":{"type":"object","properties":{"deepKey":{"type":"string","enum":["u"]}},"required":["deepKey"]}},"required":["x"]},"ps":{"type":"array","items":{"type":"object","properties":{"n":{"type":"number"}},"required":["n"]}},"r":{"$ref":"#/$defs/R"},"rs":{"type":"array","items":{"$ref":"#/$defs/R"}},"e":{"$ref":"#/$defs/E"},"self":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/properties/self"}}}}},["p"],**{"$defs":{"R":{"type":"object","title":"RR","properties":{"a":{"type":"string"}}},"E":{"type":"string","enum":["v","w"],"description":"E!"}}})),
 ("names",I({"camelCase":{"type":"string"},"with space":{"type":"string"},"with-dash":{"type":"string"},"ünï":{"type":"string"},"UPPER_x":{"type":"string"},"x2y":{"type":"string"},"__top":{"type":"string"},"_":{"type":"string"},"class":{"type":"string"},"a.b":{"type":"string"},"$filter":{"type":"string"},"trail_":{"type":"string"}})),
 ("noargs_out",None),
 ("out2",I({"a":{"type":"string"}})),
 ("tool-With.Many_kinds/of+names",I({"a":{"type":"string"}})),
 ("UPPER",I({"a":{"type":"string"}})),
 ("say",I({"text":{"type":"string"}},["text"])),
 ("_hidden",I({"a":{"type":"string"}})),
 ("défi",I({"a":{"type":"string"}})),
]
def out(o): sys.stdout.write(json.dumps(o)+"\n"); sys.stdout.flush()
tools=[]
for n,s in T:
    t={"name":n,"inputSchema":s or {"type":"object"}}
    if n in("noargs_out","out2","say"): t["outputSchema"]=I({"ok":{"type":"boolean"},"v":{"type":"string"},"n":{"type":"object","properties":{"w":{"type":"integer"}}}},["ok"])
    tools.append(t)
for line in sys.stdin:
    m=json.loads(line); i=m.get("id"); me=m.get("method"); p=m.get("params") or {}
    if i is None: continue
    if me=="initialize": out({"jsonrpc":"2.0","id":i,"result":{"protocolVersion":p["protocolVersion"],"capabilities":{"tools":{}},"serverInfo":{"name":"rich","version":"1"}}})
    elif me=="tools/list": out({"jsonrpc":"2.0","id":i,"result":{"tools":tools}})
    elif me=="tools/call":
        n=p["name"]; a=p.get("arguments")
        txt=a["text"] if n=="say" else json.dumps(a)
        out({"jsonrpc":"2.0","id":i,"result":{"content":[{"type":"text","text":txt}],"structuredContent":{"ok":True}}})
    else: out({"jsonrpc":"2.0","id":i,"error":{"code":-32601,"message":"nope"}})
