/// The page's looks: two columns on a desk, one on a phone, black on white on paper.
enum PageStyle {
  static let sheet = #"""
    :root { color-scheme: light; --paper: #fff; --panel: #f6f7f9; --ink: #1b1f24; --faint: #59636e; --line: #d0d7de;
      --forward: #0072b2; --backward: #c04f00; --parameter: #00795a; --focus: #7a3ff2; }
    [data-theme="dark"] { color-scheme: dark; --paper: #15181c; --panel: #1e2126; --ink: #e6e8eb; --faint: #a3abb5;
      --line: #3a414a; --forward: #56b4e9; --backward: #f0a060; --parameter: #3fc59b; --focus: #b79cff; }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
    header, footer { padding: 0.6rem 1rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; align-items: baseline; }
    h1 { font-size: 1.25rem; margin: 0; } header p { margin: 0; color: var(--faint); flex: 1; }
    h2 { font-size: 1.15rem; margin: 0; } h3 { font-size: 0.95rem; margin: 0 0 0.3rem; }
    footer { color: var(--faint); font-size: 0.85rem; }
    button, select, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
      border-radius: 6px; padding: 0.25rem 0.6rem; min-height: 2.2rem; }
    button { cursor: pointer; } button:disabled { opacity: 0.45; cursor: default; }
    input[type="range"] { padding: 0; border: 0; background: none; }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
    nav { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center;
      padding: 0.5rem 1rem; background: var(--paper); border-block: 1px solid var(--line); }
    nav #progress { flex: 1 1 8rem; } #position { min-width: 9.5rem; font-variant-numeric: tabular-nums; }
    main { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 1rem; padding: 1rem; align-items: start; }
    #graph { position: sticky; top: 4rem; } .scroll { max-height: calc(100vh - 10rem); overflow: auto; }
    #graph svg { width: 100%; height: auto; display: block; margin: auto; overflow: visible; }
    .legend { font-size: 0.8rem; color: var(--faint); margin: 0.3rem 0; }
    .box { cursor: pointer; } .box rect { fill: var(--paper); stroke: var(--faint); stroke-dasharray: 3 3; }
    .box.valued rect { stroke-dasharray: none; stroke: var(--forward); stroke-width: 1.5; }
    .box.valued.parameter rect { stroke: var(--parameter); stroke-width: 3; }
    .box.here rect { stroke-width: 4; fill: var(--panel); } .box rect.sheet { stroke-width: 1; fill: none; }
    #graph text { font: 12px ui-monospace, "DejaVu Sans Mono", monospace; fill: var(--ink); } #graph .title { font-weight: 700; }
    #graph .shape, #graph .frame-title { fill: var(--faint); } .frame { fill: none; stroke: var(--line); }
    .box .adjoint { fill: var(--backward); stroke: var(--paper); }
    .edge { fill: none; stroke: var(--line); stroke-width: 1.5; }
    .edge.forward { stroke: var(--forward); stroke-width: 3; }
    .edge.backward { stroke: var(--backward); stroke-width: 3; stroke-dasharray: 6 3; }
    #detail, #play { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 0.9rem; }
    #detail { border-top: 5px solid var(--forward); } #detail.backward { border-top: 5px double var(--backward); }
    #play { margin-bottom: 1rem; }
    #detail section { margin-top: 0.9rem; padding-top: 0.7rem; border-top: 1px solid var(--line); }
    .facts, .note, .legend, figcaption { color: var(--faint); } .note, figcaption { font-size: 0.85rem; margin: 0.2rem 0; }
    .facts { margin: 0; } .formula { font-size: 1.2rem; margin: 0.5rem 0 0; overflow-x: auto; } .math { overflow-wrap: anywhere; }
    .bar { border-top: 0.07em solid; padding-top: 0.06em; margin-inline: 0.04em; }
    .structure { font-weight: 600; margin: 0; } .part { margin: 0.4rem 0; padding-left: 0.7rem; border-left: 3px solid var(--backward); }
    .part p, .equals { margin: 0; } section p { margin: 0.2rem 0; overflow-x: auto; }
    figure { margin: 0.2rem 0; } .cells { display: inline-block; max-width: 100%; overflow-x: auto; border-radius: 4px; }
    .heat table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
    .heat td { border: 1px solid var(--line); padding: 0.15rem 0.5rem; text-align: right; white-space: nowrap; }
    .heat td.at { outline: 3px solid #00a36f; outline-offset: -3px; }
    canvas { display: block; max-width: 100%; image-rendering: pixelated; border: 1px solid var(--line); touch-action: pan-y; }
    .recorded { margin: 0; padding-left: 1.2rem; overflow-x: auto; }
    #play label { display: inline-flex; gap: 0.4rem; align-items: center; margin: 0.15rem 0.6rem 0.15rem 0; max-width: 100%; }
    #play select { max-width: 15rem; } #element { width: 6rem; } #value { width: 15rem; max-width: 60vw; } #slider { width: min(22rem, 80vw); }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.8rem; margin: 0.4rem 0; }
    dt { color: var(--faint); } dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
    #loss { font-weight: 700; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    @media (max-width: 760px) {
      main { grid-template-columns: minmax(0, 1fr); padding: 0.6rem; }
      #graph { position: static; border: 1px solid var(--line); border-radius: 10px; padding: 0.4rem; } .scroll { max-height: 45vh; }
      nav button span { display: none; } nav { padding: 0.4rem 0.6rem; } #position { min-width: 8rem; }
    }
    @media print {
      nav, #play label, #play button, .held, header button, #theme, #unfold { display: none !important; }
      main { display: block; padding: 0; } #graph { position: static; } .scroll { max-height: none; overflow: visible; }
      #graph svg { max-height: 40vh; } #detail, #play { background: none; break-inside: auto; }
      section, figure { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }

    """#
}
