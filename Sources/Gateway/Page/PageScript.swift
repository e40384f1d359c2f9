// What scripts add to the page: it changes as things happen, counts down, copies. Everything else works without them.

extension PageAssets {
    static let script = #"""
        (() => {
          "use strict";
          // What an element is, so that it is found again in the page's next state.
          const key = (element) => [element.tagName, element.getAttribute("href"), element.getAttribute("aria-label"),
            element.name, element.textContent.trim().slice(0, 60)].join("|");
          const isTyping = (region) => {
            const active = document.activeElement;
            return region.contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName) || region.querySelector("[data-typed]");
          };
          const replace = (region, fresh) => {
            const active = region.contains(document.activeElement) ? key(document.activeElement) : null;
            const open = [...region.querySelectorAll("details[open] > summary")].map(key);
            fresh = document.adoptNode(fresh);
            for (const summary of fresh.querySelectorAll("details > summary")) {
              if (open.includes(key(summary))) summary.parentElement.open = true;
            }
            dress(fresh);
            region.replaceWith(fresh);
            if (active) {
              const again = [...fresh.querySelectorAll("a, button, summary, [tabindex]")].find((element) => key(element) === active);
              if (again) again.focus({ preventScroll: true });
            }
          };
          const regions = (main) => [...main.querySelectorAll("[data-live]")].map((region) => region.id).join(" ");
          const plain = new WeakMap();
          const remember = (root) => {
            for (const region of root.querySelectorAll("[data-live]")) {
              plain.set(region, region.innerHTML.replace(/(name="csrf" value=")[^"]*/g, "$1"));
            }
          };
          let isBusy = false, isWanted = false;
          const refresh = async () => {
            if (isBusy) { isWanted = true; return; }
            isBusy = true;
            try {
              const reply = await fetch(location.href, { cache: "no-store" });
              if (!/html/.test(reply.headers.get("content-type") || "")) { location.reload(); return; }
              const page = new DOMParser().parseFromString(await reply.text(), "text/html");
              document.querySelector(".offline").hidden = true;
              if (document.title !== page.title) document.title = page.title;
              const pulse = page.querySelector(".pulse");
              if (pulse) document.querySelector(".pulse").textContent = pulse.textContent;
              // Another state may have other regions: then all of it is another page.
              const main = document.querySelector("main"), other = page.querySelector("main");
              if (regions(main) !== regions(other)) {
                if (!isTyping(main)) { remember(other); replace(main, other); }
                return;
              }
              for (const region of document.querySelectorAll("[data-live]")) {
                const fresh = page.getElementById(region.id);
                if (!fresh || isTyping(region)) continue;
                const text = fresh.innerHTML.replace(/(name="csrf" value=")[^"]*/g, "$1");
                if (plain.get(region) === text) continue;
                replace(region, fresh);
                plain.set(fresh, text);
              }
            } catch { document.querySelector(".offline").hidden = false; } finally {
              isBusy = false;
              if (isWanted) { isWanted = false; refresh(); }
              forward();
            }
          };
          const forward = () => {
            const link = document.querySelector("a[data-forward]");
            if (link) location.assign(link.href);
          };
          const tick = () => {
            for (const clock of document.querySelectorAll("[data-until]")) {
              const left = Math.max(0, Math.round((Number(clock.dataset.until) - Date.now()) / 1000));
              clock.textContent = `${Math.floor(left / 60)} min ${left % 60} s`;
            }
          };
          // A button that copies, where there is a clipboard.
          const dress = (root) => {
            if (!navigator.clipboard) return;
            for (const text of root.querySelectorAll("[data-copy]")) {
              if (!text.textContent.trim()) continue;
              const button = document.createElement("button");
              button.type = "button"; button.className = "copy quiet"; button.textContent = "Copy";
              const words = text.textContent;
              button.setAttribute("aria-label", `Copy ${words.slice(0, 60)}`);
              button.addEventListener("click", async () => {
                await navigator.clipboard.writeText(words);
                button.textContent = "Copied";
                setTimeout(() => { button.textContent = "Copy"; }, 1500);
              });
              text.append(button);
            }
          };
          remember(document);
          dress(document);
          forward();
          setInterval(tick, 1000);
          // JSON that is none is said before it is sent.
          for (const area of document.querySelectorAll("textarea[data-json]")) {
            area.addEventListener("input", () => {
              let fault = "";
              const bare = area.value.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, "$1").replace(/,(\s*[}\]])/g, "$1");
              try { JSON.parse(bare); } catch (error) { fault = `This is no JSON: ${error.message}`; }
              area.setCustomValidity(fault);
            });
          }
          document.addEventListener("input", (event) => { event.target.dataset.typed = ""; });
          document.addEventListener("click", (event) => {
            for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
          });
          document.addEventListener("keydown", (event) => {
            if (event.key !== "Escape") return;
            for (const menu of document.querySelectorAll("details.menu[open]")) {
              menu.open = false;
              menu.querySelector("summary").focus();
            }
          });
          if (document.querySelector("[data-live]")) {
            let timer;
            const source = new EventSource("/ui/events");
            // Many changes at once are one look.
            source.addEventListener("changed", () => { timer ??= setTimeout(() => { timer = undefined; refresh(); }, 150); });
            // What happened between the page and its stream is looked at now.
            source.addEventListener("open", refresh);
            source.addEventListener("error", () => { document.querySelector(".offline").hidden = false; });
            setInterval(() => { if (!document.hidden) refresh(); }, 30000);
            document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
          }
        })();
        """#
}
