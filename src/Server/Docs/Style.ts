/** The style of the documentation page. */
export const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { margin: 0 0 .25rem; font-size: 1.6rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
pre, textarea, input, code { font: 13px/1.5 ui-monospace, monospace; }
pre { margin: .5rem 0; padding: .75rem; overflow: auto; border: 1px solid var(--line); border-radius: .5rem; max-height: 30rem; }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
input, textarea { width: 100%; padding: .5rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; }
textarea { min-height: 9rem; resize: vertical; }
button { margin: .75rem 0; padding: .5rem 1rem; border: 1px solid currentColor; border-radius: .5rem; background: transparent; color: inherit; cursor: pointer; }
button:focus-visible, input:focus-visible, textarea:focus-visible, summary:focus-visible { outline: 2px solid Highlight; outline-offset: 2px; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: 0 .75rem; }
summary { cursor: pointer; padding: .6rem 0; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 700; }
.muted { opacity: .7; }
`
