// The look of the page: one accent, three states, shapes as well as colours, light and dark, from 360 px on.

extension PageAssets {
    static let style = #"""
        /* The look of the page: one accent, three states, shapes as well as colours, light and dark, from 360 px on. */
        :root {
          color-scheme: light dark;
          --paper: light-dark(#fbfbfa, #131416);
          --card: light-dark(#ffffff, #1b1d20);
          --line: light-dark(#e6e5e1, #2b2e33);
          --ink: light-dark(#1c1d1f, #e9e8e4);
          --soft: light-dark(#63666b, #9b9fa6);
          --accent: light-dark(#1f5fd0, #7fb0ff);
          --accent-ink: light-dark(#ffffff, #10203d);
          --good: light-dark(#1d7a4a, #5cc98d);
          --wait: light-dark(#9a5b00, #f0b354);
          --bad: light-dark(#b3261e, #ff8b80);
          --wash-wait: light-dark(#fff6e6, #2a2215);
          --wash-bad: light-dark(#fdeeec, #2c1a19);
          --radius: 10px;
          --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace;
          font: 15px/1.5 Inter, system-ui, sans-serif;
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); }
        a { color: var(--accent); text-underline-offset: 2px; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        .skip { position: absolute; left: -999px; } .skip:focus { left: 12px; top: 8px; }

        header.top { display: flex; gap: 28px; align-items: center; padding: 14px 28px; border-bottom: 1px solid var(--line); }
        .brand { font-weight: 650; letter-spacing: -.02em; font-size: 17px; color: var(--ink); text-decoration: none; }
        .top nav { display: flex; gap: 4px; } .top nav a { color: var(--soft); text-decoration: none; padding: 5px 10px; border-radius: 7px; }
        .top nav a[aria-current] { color: var(--ink); background: light-dark(#f0efec, #25282c); }
        .pulse { margin-left: auto; color: var(--soft); font-size: 13px; white-space: nowrap; }

        main { max-width: 1080px; margin: 0 auto; padding: 30px 28px 80px; }
        h1 { font-size: 26px; line-height: 1.25; letter-spacing: -.02em; margin: 0 0 4px; font-weight: 640; overflow-wrap: anywhere; }
        h2 { font-size: 15px; margin: 34px 0 10px; font-weight: 620; }
        .lede { color: var(--soft); margin: 0 0 22px; overflow-wrap: anywhere; } .lede.long { max-height: 7.2em; overflow-y: auto; }
        code, .mono { font-family: var(--mono); font-size: .87em; }
        .soft { color: var(--soft); } .num { font-variant-numeric: tabular-nums; }

        button, .button { font: inherit; font-weight: 550; padding: 6px 13px; border-radius: 8px; border: 1px solid var(--line); background: var(--card); color: var(--ink); cursor: pointer; text-decoration: none; white-space: nowrap; }
        button:hover, .button:hover { border-color: var(--soft); }
        .primary { background: var(--accent); border-color: transparent; color: var(--accent-ink); }
        .quiet { border-color: transparent; background: none; color: var(--soft); }

        /* what needs the person: first, and only when there is something */
        .needs { background: var(--wash-wait); border: 1px solid light-dark(#f1dfbd, #4a3a1c); border-radius: var(--radius); margin: 0 0 26px; }
        .needs h2 { margin: 0; font-size: 15px; } .needs > header { display: flex; align-items: center; justify-content: space-between; gap: 12px; padding: 14px 18px 6px; font-weight: 620; }
        .needs li { display: grid; grid-template-columns: 1fr auto; gap: 2px 18px; align-items: center; padding: 11px 18px; border-top: 1px solid light-dark(#f1dfbd, #4a3a1c); }
        .needs ul { list-style: none; margin: 8px 0 0; padding: 0; } .needs b { font-weight: 600; overflow-wrap: anywhere; }
        .needs p { margin: 0; color: var(--soft); grid-column: 1; overflow-wrap: anywhere; }
        .needs li > form, .needs li > .button { grid-column: 2; grid-row: 1 / span 2; }

        /* the sign-ins are locked */
        .unlock { padding: 4px 18px 16px; } .unlock .line { display: flex; gap: 8px; max-width: 460px; } .panel .unlock { padding: 0; }

        .tools { display: flex; gap: 8px; align-items: center; margin: 0 0 12px; flex-wrap: wrap; } .chips { display: flex; gap: 8px; flex-wrap: wrap; }
        .chip { padding: 3px 11px; border-radius: 99px; border: 1px solid var(--line); color: var(--soft); text-decoration: none; font-size: 13.5px; }
        .chip[aria-current] { color: var(--ink); border-color: var(--soft); background: var(--card); }
        .tools form { margin-left: auto; } .tools input[type=search] { font: inherit; padding: 6px 12px; border-radius: 8px; border: 1px solid var(--line); background: var(--card); color: var(--ink); width: 220px; }

        /* servers: a row is a link; three answers side by side, each a shape, a word and what is known */
        .servers { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
        .servers > li { display: grid; grid-template-columns: minmax(190px, 1.5fr) 1fr 1.35fr .8fr 40px; gap: 12px 14px; align-items: start; padding: 12px 18px; border-top: 1px solid var(--line); position: relative; }
        .who { min-width: 0; }
        .servers > li:first-child { border-top: 0; }
        .servers > li:hover { background: light-dark(#f7f7f5, #202327); }
        .known, .trouble { grid-column: 1 / -1; margin: -6px 0 0; font-size: 13px; color: var(--soft); }
        .known { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .trouble { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; } .trouble p { margin: 0; flex: 1 1 300px; overflow-wrap: anywhere; }
        .trouble:not(.past) p { color: var(--bad); } .trouble form, .trouble .command { position: relative; z-index: 1; }
        .empty { color: var(--soft); border: 1px dashed var(--line); border-radius: var(--radius); padding: 22px 18px; }
        .servers .head { color: var(--soft); font-size: 12.5px; padding-block: 8px; } .servers .head:hover { background: none; }
        .name { font-weight: 600; color: var(--ink); text-decoration: none; overflow-wrap: anywhere; } .name::after { content: ""; position: absolute; inset: 0; }
        .where { display: block; color: var(--soft); font: 12.5px/1.5 var(--mono); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .answer { display: grid; grid-template-columns: 16px 1fr; gap: 0 8px; align-items: baseline; min-width: 0; }
        .answer small { grid-column: 2; color: var(--soft); font-size: 13px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .shape { width: 11px; height: 11px; align-self: center; } .good { color: var(--good); } .wait { color: var(--wait); } .bad { color: var(--bad); } .idle { color: var(--soft); }
        .answer .word { color: var(--ink); overflow-wrap: anywhere; }
        .menu { position: relative; z-index: 1; justify-self: end; align-self: center; }
        .menu > summary { list-style: none; cursor: pointer; padding: 4px 10px; border-radius: 8px; color: var(--soft); font-weight: 700; } .menu > summary::-webkit-details-marker { display: none; }
        .menu > summary:hover, .menu[open] > summary { background: light-dark(#f0efec, #2b2e33); color: var(--ink); }
        .menu[open] { z-index: 3; }
        .menu .items { position: absolute; right: 0; top: calc(100% + 4px); display: flex; flex-direction: column; min-width: 170px; padding: 5px; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
        .menu .items button, .menu .items .button { width: 100%; text-align: left; color: var(--ink); border-radius: 7px; font-weight: 450; }
        .menu .items button:hover, .menu .items .button:hover { background: light-dark(#f0efec, #2b2e33); border-color: transparent; }
        .off .name { color: var(--soft); }

        /* one server */
        .answers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px; margin: 20px 0 8px; }
        .panel { display: flow-root; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: 15px 18px; }
        .panel > h2 { margin: 0 0 8px; font-size: 13px; font-weight: 550; color: var(--soft); }
        .panel > .answer { font-size: 17px; font-weight: 600; } .panel > .answer small { font-size: 13px; font-weight: 400; } .answers .panel p { margin: 6px 0 0; color: var(--soft); font-size: 13.5px; overflow-wrap: anywhere; }
        .panel.bad-wash { background: var(--wash-bad); }
        .answers .panel { display: flex; flex-direction: column; } .answers .actions { margin-top: auto; padding-top: 12px; }
        .actions { display: flex; gap: 8px; margin-top: 12px; flex-wrap: wrap; }
        .tabs { display: flex; flex-wrap: wrap; gap: 0 18px; border-bottom: 1px solid var(--line); margin: 28px 0 18px; } .tabs a { padding: 8px 0; color: var(--soft); text-decoration: none; white-space: nowrap; }
        .tabs a[aria-current] { color: var(--ink); box-shadow: inset 0 -2px var(--accent); font-weight: 560; }
        .split { display: grid; grid-template-columns: 300px 1fr; gap: 22px; align-items: start; }
        .list { list-style: none; margin: 0; padding: 4px; } .list a { display: block; padding: 7px 12px; border-radius: 7px; color: var(--ink); text-decoration: none; } .list a[aria-current] { background: light-dark(#eef3fd, #20293a); }
        .list small { display: block; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        form label { display: block; font-weight: 560; margin: 14px 0 4px; } form label small { font-weight: 400; color: var(--soft); margin-left: 6px; }
        form input:not([type=hidden]):not([type=search]), form select, form textarea { width: 100%; font: inherit; padding: 7px 11px; border-radius: 8px; border: 1px solid var(--line); background: var(--paper); color: var(--ink); }
        pre { background: light-dark(#f4f4f1, #16181b); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow: auto; font: 13px/1.55 var(--mono); margin: 12px 0 0; }
        .events { list-style: none; margin: 0; padding: 0; } .events li { display: grid; grid-template-columns: 92px 1fr; gap: 14px; padding: 7px 0; border-top: 1px solid var(--line); } .events li:first-child { border: 0; } time { color: var(--soft); }
        .inline { display: inline; } .inline button { margin: 0; }
        .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; } .sprite { position: absolute; }
        [hidden] { display: none !important; }
        .crumbs { margin: 0 0 6px; color: var(--soft); font-size: 13px; } .crumbs a { color: var(--soft); }
        .notice { display: flex; gap: 8px 14px; align-items: center; flex-wrap: wrap; border: 1px solid var(--line); border-radius: var(--radius); padding: 10px 16px; margin: 0 0 20px; } .notice p { margin: 0; flex: 1 1 280px; overflow-wrap: anywhere; } .notice .said { flex: 1 1 280px; min-width: 0; } .notice .more { margin: 4px 0 0; }
        .wait-wash { background: var(--wash-wait); border-color: light-dark(#f1dfbd, #4a3a1c); }
        .good-wash { background: light-dark(#eef7f1, #16261d); } .bad-wash { background: var(--wash-bad); border-color: light-dark(#f3d3d0, #4a2b29); }
        .offline { margin: 0; padding: 8px 28px; background: var(--wash-bad); }
        .facts { display: grid; grid-template-columns: 130px 1fr; gap: 5px 18px; margin: 14px 0 0; font-size: 14px; } .facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
        .more { margin-top: 12px; color: var(--soft); font-size: 13.5px; } .more > summary { cursor: pointer; } .more .facts { font-size: 13.5px; }
        .two { display: grid; grid-template-columns: 1fr 340px; gap: 22px; align-items: start; }
        .steps { list-style: none; margin: 0; padding: 0; } .steps li { display: grid; grid-template-columns: 22px 1fr; gap: 2px 10px; padding: 9px 0; align-items: center; } .steps p { grid-column: 2; margin: 0; color: var(--soft); } .steps b { font-weight: 600; }
        .notes { margin: 8px 0 0; padding: 10px 14px; background: var(--wash-wait); border-radius: 8px; font-size: 13.5px; } .notes p { margin: 2px 0; overflow-wrap: anywhere; white-space: pre-wrap; }
        .code { font: 600 30px/1.2 var(--mono); letter-spacing: .08em; margin: 6px 0; overflow-wrap: anywhere; }
        .qr { width: 190px; height: 190px; display: block; border: 1px solid var(--line); border-radius: 8px; }
        .command { display: inline-block; padding: 5px 10px; border: 1px solid var(--line); border-radius: 8px; background: var(--paper); user-select: all; overflow-wrap: anywhere; }
        .copy { font: 500 12px/1.4 Inter, system-ui, sans-serif; padding: 0 7px; margin-left: 6px; border-radius: 6px; border-color: var(--line); user-select: none; }
        .panel form { margin: 0; } .about { margin: 0 0 5px; font-size: 13.5px; } label + .about { margin-top: -2px; } input + .about, textarea + .about { margin-top: 6px; }
        #tool h2 { font: 600 16px/1.4 var(--mono); color: var(--ink); margin: 0; overflow-wrap: anywhere; } .title { margin: 2px 0 0; } .prose { unicode-bidi: plaintext; white-space: pre-wrap; overflow-wrap: anywhere; margin: 8px 0; } .hints { font-size: 13.5px; margin: 0; }
        .call { border-top: 1px solid var(--line); margin-top: 18px; padding-top: 14px; } .call .answer { grid-template-columns: 16px auto 1fr; } .call .answer small { grid-column: 3; } .call .inline { display: block; margin-top: 10px; }
        pre.text, pre.output { white-space: pre-wrap; overflow-wrap: anywhere; } pre.output { max-height: 60vh; } figure { margin: 12px 0 0; } figure img { max-width: 100%; border: 1px solid var(--line); border-radius: 8px; display: block; } figcaption { font-size: 13px; margin-top: 4px; }
        .list { max-height: 70vh; overflow: auto; } .list span { font-family: var(--mono); font-size: 13.5px; overflow-wrap: anywhere; } .split > nav { padding: 6px; position: sticky; top: 12px; } .split > *, .two > * { min-width: 0; }
        .events.panel { padding: 8px 18px; } pre.diff { white-space: pre-wrap; overflow-wrap: anywhere; } .diff span { display: block; min-height: 1.55em; } .diff .head { color: var(--soft); } .diff .plus { color: var(--good); background: light-dark(#eef7f1, #16261d); } .diff .minus { color: var(--bad); background: var(--wash-bad); }
        .found { margin-bottom: 14px; } .found ul { list-style: none; margin: 8px 0 0; padding: 0; } .found li { display: flex; gap: 14px; align-items: center; justify-content: space-between; padding: 8px 0; border-top: 1px solid var(--line); } .found li > div { min-width: 0; } .panel.found > h2 { font-size: 15px; color: var(--ink); margin: 0; } .found > p { margin: 2px 0 0; }
        .events li > div { min-width: 0; } .events .more { margin: 0; font-size: 13px; } .events p { margin: 0; overflow-wrap: anywhere; } .events .kind { color: var(--soft); } .events .kind.bad { color: var(--bad); } .events .who { font-weight: 600; color: var(--ink); text-decoration: none; }
        blockquote { margin: 8px 0 0; padding-left: 12px; border-left: 2px solid var(--line); color: var(--soft); overflow-wrap: anywhere; } section.panel > p:first-child { margin-top: 0; } section.panel > p:first-child { overflow-wrap: anywhere; }
        main:focus { outline: none; } .aside { margin: 16px 0 6px; padding-top: 14px; border-top: 1px solid var(--line); } .panel > .facts:first-child { margin-top: 0; } .panel form > label:first-of-type { margin-top: 2px; }
        /* names and words of others, in whatever direction they are written */
        h1, .name, .needs b, .where, .who, .list span, .list small, label { unicode-bidi: isolate; }
        footer { overflow-wrap: anywhere; color: var(--soft); font-size: 13px; margin-top: 26px; display: flex; gap: 6px 22px; flex-wrap: wrap; align-items: baseline; }

        @media (min-width: 761px) {
          .needs.many li { grid-template-columns: minmax(150px, 200px) 1fr auto; padding-block: 7px; } .needs.many p { grid-column: 2; } .needs.many li > form, .needs.many li > .button { grid-column: 3; grid-row: 1; }
        }
        @media (max-width: 760px) {
          header.top { padding: 12px 16px; gap: 14px; flex-wrap: wrap; } .pulse { display: none; } .top nav { width: 100%; order: 3; overflow-x: auto; }
          main { padding: 22px 16px 60px; } h1 { font-size: 22px; }
          .servers .head { display: none; }
          .servers > li { grid-template-columns: minmax(0, 1fr) auto; gap: 4px 12px; } .servers > li > :first-child { grid-column: 1; } .servers > li > .answer { grid-column: 1 / -1; } .servers > li > .menu { grid-column: 2; grid-row: 1; }
          .servers > li > .answer small { white-space: normal; } .known { white-space: normal; margin: 2px 0 0; } .trouble { margin: 4px 0 0; } .servers > li > .answer { grid-template-columns: 16px auto 1fr; } .servers > li > .answer small { grid-column: 3; } .servers > li > .answer:empty { display: none; } .answer .sr { position: static; width: auto; height: auto; clip-path: none; color: var(--soft); font-size: 13px; }
          .needs li { grid-template-columns: 1fr; } .needs li > form, .needs li > .button { grid-column: 1; grid-row: auto; justify-self: start; margin-top: 6px; } .needs > header { flex-wrap: wrap; }
          .tools form { margin-left: 0; width: 100%; } .tools input[type=search] { width: 100%; } .answers, .split, .two { grid-template-columns: minmax(0, 1fr); } .split > nav { position: static; } .list { max-height: 40vh; } .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 8px; } .offline { padding: 8px 16px; } .events li { grid-template-columns: 1fr; gap: 0; }
        }
        @media (prefers-reduced-motion: no-preference) { .turning { animation: turn 1.1s linear infinite; } @keyframes turn { to { rotate: 1turn; } } }
        """#

    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1f5fd0"/>\
        <circle cx="16" cy="16" r="7" fill="none" stroke="#fff" stroke-width="4"/></svg>
        """
}
