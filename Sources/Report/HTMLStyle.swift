/// How the page looks.
///
/// Text has a contrast of 4.5 at least against what is behind it, in light and dark (WCAG 2.2,
/// 1.4.3). Blue and orange are told apart by all who see colours; lightness tells the levels of a
/// heat map.
enum HTMLStyle {
  static let sheet = """
    :root {
      color-scheme: light dark;
      --page: #ffffff; --raised: #f6f7f9; --ink: #1b1f24; --soft: #586069; --rule: #dfe3e8;
      --link: #0b57a4;
      --good: #0a6245; --good-back: #e5f4ee; --warning: #7d4e00; --warning-back: #fdf2dc;
      --bad: #ab1f1f; --bad-back: #fdeaea; --muted-back: #eef0f3;
      --bar-good: #3f7fc1; --bar-warning: #bf7f0c; --bar-bad: #c9400a; --bar-muted: #838d98;
      --cell: #f1f3f5; --h0: #9db8d2; --h1: #f7c48c; --h2: #ee9349; --h3: #cf5a16; --h4: #8a2a05;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --page: #14171b; --raised: #1c2026; --ink: #e6e9ed; --soft: #a3adb8; --rule: #343b44;
        --link: #82b7f0;
        --good: #6fd3a8; --good-back: #12302a; --warning: #f0bd5e; --warning-back: #35290f;
        --bad: #ff9a8d; --bad-back: #401c1a; --muted-back: #262b32;
        --bar-good: #5b9be0; --bar-warning: #e3ab45; --bar-bad: #f0703c; --bar-muted: #77818c;
        --cell: #1f242a; --h0: #3f5f80; --h1: #7d4a1c; --h2: #b5651f; --h3: #ea8a3c; --h4: #ffd0a0;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans",
        Arial, sans-serif;
      font-variant-numeric: tabular-nums;
    }
    main { max-width: 1104px; margin: 0 auto; padding: 40px 32px 80px; }
    h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 6px; }
    h2 {
      font-size: 1.2rem; line-height: 1.3; margin: 52px 0 14px; padding-top: 14px;
      border-top: 1px solid var(--rule);
    }
    p, ul { max-width: 74ch; margin: 0 0 14px; overflow-wrap: anywhere; }
    ul { padding-left: 1.2em; }
    li { margin: 3px 0; }
    a { color: var(--link); }
    a:focus-visible, .scroll:focus-visible, summary:focus-visible {
      outline: 2px solid var(--link); outline-offset: 2px;
    }
    .period { color: var(--soft); margin-bottom: 24px; }
    .note { color: var(--soft); font-size: 0.875rem; margin-top: -6px; }
    code {
      font: 0.92em/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, "Liberation Mono",
        "DejaVu Sans Mono", monospace;
      unicode-bidi: isolate; overflow-wrap: anywhere; white-space: pre-wrap;
    }
    .verdict {
      max-width: none; margin: 0 0 24px; padding: 16px 20px; border-left: 6px solid;
      border-radius: 4px;
    }
    .verdict strong {
      display: block; font-size: 1.35rem; line-height: 1.25; letter-spacing: 0.02em;
      margin-bottom: 2px;
    }
    .verdict span, .notices span { color: var(--ink); }
    .verdict span strong { display: inline; font-size: inherit; letter-spacing: 0; }
    .good { color: var(--good); }
    .warning { color: var(--warning); }
    .bad { color: var(--bad); }
    .muted { color: var(--soft); }
    .verdict.good, .notices .good { background: var(--good-back); }
    .verdict.warning, .notices .warning { background: var(--warning-back); }
    .verdict.bad, .notices .bad { background: var(--bad-back); }
    .verdict.muted, .notices .muted { background: var(--muted-back); }
    nav { font-size: 0.9rem; }
    nav ul {
      max-width: none; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 4px 18px;
      list-style: none;
    }
    nav a { text-decoration: none; }
    nav a:hover { text-decoration: underline; }
    .notices { list-style: none; padding: 0; max-width: none; }
    .notices li {
      margin: 8px 0; padding: 10px 16px; border-left: 4px solid; border-radius: 4px;
      display: grid; grid-template-columns: 5.2rem 1fr; gap: 12px; align-items: baseline;
    }
    .notices strong { font-size: 0.78rem; letter-spacing: 0.05em; text-transform: uppercase; }
    .notices span strong { font-size: inherit; letter-spacing: 0; text-transform: none; }
    .scroll { overflow-x: auto; margin: 0 0 14px; }
    table { border-collapse: collapse; font-size: 0.9rem; line-height: 1.35; min-width: 50%; }
    caption {
      position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      white-space: nowrap;
    }
    th, td {
      padding: 6px 14px 6px 0; text-align: left; vertical-align: baseline; white-space: nowrap;
      border-bottom: 1px solid var(--rule); font-weight: 400;
    }
    th:last-child, td:last-child { padding-right: 4px; }
    thead th { color: var(--soft); font-size: 0.92em; border-bottom-color: var(--soft); }
    thead td { border-bottom-color: var(--soft); }
    tbody tr:hover { background: var(--raised); }
    .number { text-align: right; }
    th code, td code { display: inline-block; width: max-content; max-width: 22em; }
    .share {
      min-width: 6.5em;
      background: linear-gradient(var(--bar-good), var(--bar-good)) 0 100% / var(--part) 3px no-repeat;
    }
    .drawn { display: inline-flex; flex-direction: row-reverse; align-items: center; gap: 12px; }
    .drawn svg { flex: none; }
    figure { margin: 0 0 22px; }
    figcaption { font-weight: 600; font-size: 0.95rem; margin-bottom: 8px; }
    svg { display: block; font-size: 12px; }
    svg text { fill: var(--soft); }
    .grid { stroke: var(--rule); }
    .axis { stroke: var(--soft); }
    .reference { stroke: var(--ink); stroke-dasharray: 5 4; stroke-width: 1.5; }
    .series { stroke: var(--bar-good); stroke-width: 2; }
    .interval { stroke: var(--bar-good); stroke-width: 1.5; opacity: 0.65; }
    .point { fill: var(--bar-good); stroke: var(--page); stroke-width: 1.5; }
    .span { fill: var(--bar-good); opacity: 0.45; }
    .mark { stroke: var(--ink); stroke-width: 1.5; }
    .touch { fill: transparent; }
    .touch:hover { fill: var(--ink); fill-opacity: 0.06; }
    .bar { stroke: var(--page); stroke-width: 1; }
    .bar.good { fill: var(--bar-good); }
    .bar.warning { fill: var(--bar-warning); }
    .bar.bad { fill: var(--bar-bad); }
    .bar.muted { fill: var(--bar-muted); }
    .cell { fill: var(--cell); }
    .h0 { fill: var(--h0); }
    .h1 { fill: var(--h1); }
    .h2 { fill: var(--h2); }
    .h3 { fill: var(--h3); }
    .h4 { fill: var(--h4); }
    details { font-size: 0.875rem; color: var(--soft); }
    summary { cursor: pointer; width: max-content; max-width: 100%; }
    details ul { margin-top: 6px; columns: 2 22em; max-width: none; }
    @media (max-width: 600px) {
      main { padding: 24px 16px 48px; }
      h1 { font-size: 1.4rem; }
      h2 { margin-top: 36px; }
      .notices li { grid-template-columns: 1fr; gap: 2px; }
    }
    @media print {
      @page { size: A4; margin: 15mm; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      body { font-size: 10pt; line-height: 1.4; }
      main { max-width: none; padding: 0; }
      nav, details { display: none; }
      h2 { margin-top: 22pt; break-after: avoid; }
      tr, li, figure, .verdict { break-inside: avoid; }
      thead { display: table-header-group; }
      figcaption { break-after: avoid; }
      .scroll { overflow: visible; }
      table { font-size: 7.6pt; }
      th, td { padding: 3px 9px 3px 0; }
      figure svg { width: 100%; height: auto; }
    }

    """
}
