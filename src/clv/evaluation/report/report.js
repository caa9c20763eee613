"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  for (const details of document.querySelectorAll("details.numbers")) details.open = false;

  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const cents = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const money = (v) => (data.currency ? data.currency + "\u00a0" : "") + (Math.abs(v) < 1000 ? cents : whole).format(v);
  const percent = (v) => (100 * v).toFixed(Math.abs(v) < 0.0995 ? 1 : 0) + "\u00a0%";
  const tick = (v) => Math.round(100 * v) + "\u00a0%";
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const day = (iso) => { const [y, m, d] = iso.split("-"); return `${+d}\u00a0${months[m - 1]}\u00a0${y}`; };

  const palette = () => {
    const style = getComputedStyle(root);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return { ink: of("ink"), soft: of("soft"), line: of("line"), raised: of("raised"), main: of("main"),
      second: of("second"), third: of("third"), font: of("sans"), wash: `rgb(${of("wash")} / 12%)` };
  };

  const frame = (c) => ({
    animation: false,
    textStyle: { fontFamily: c.font, color: c.soft },
    color: [c.third, c.main],
    grid: { left: 2, right: 16, top: 38, bottom: 5, containLabel: true },
    legend: { top: 3, left: 0, padding: 0, itemWidth: 14, itemHeight: 10, itemGap: 18, textStyle: { color: c.ink, fontSize: 12 } },
    tooltip: { trigger: "axis", confine: true, backgroundColor: c.raised, borderColor: c.line, textStyle: { color: c.ink, fontSize: 12 }, axisPointer: { type: "shadow", shadowStyle: { color: c.wash } } },
  });
  const categories = (c, names, more) => ({ type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: c.line } }, axisLabel: { color: c.soft, fontSize: 11, hideOverlap: true }, ...more });
  const values = (c, format, more) => ({ type: "value", splitNumber: 4, splitLine: { lineStyle: { color: c.line } }, axisLabel: { color: c.soft, fontSize: 11, formatter: format, hideOverlap: true }, ...more });
  const bars = (name, numbers, more) => ({ type: "bar", name, data: numbers, barMaxWidth: 22, barGap: "8%", barCategoryGap: "28%", itemStyle: { borderRadius: 2 }, ...more });

  const draw = {
    value: (d, c, narrow) => ({
      ...frame(c),
      tooltip: { ...frame(c).tooltip, valueFormatter: percent },
      xAxis: categories(c, d.labels, { axisLabel: { color: c.soft, fontSize: 11, interval: 0, rotate: narrow || d.labels.length > 7 ? 40 : 0 } }),
      yAxis: values(c, tick),
      series: [bars("Share of customers", d.customers), bars("Share of expected value", d.value)],
    }),
    lorenz: (d, c) => ({
      ...frame(c),
      legend: { show: false },
      grid: { left: 2, right: 22, top: 14, bottom: 5, containLabel: true },
      tooltip: { ...frame(c).tooltip, axisPointer: { type: "line", lineStyle: { color: c.third } }, valueFormatter: percent, formatter: ([p]) => `Top ${percent(p.value[0])} of customers:<br><b>${percent(p.value[1])}</b> of expected value` },
      xAxis: values(c, tick, { min: 0, max: 1, interval: 0.2, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: c.line } } }),
      yAxis: values(c, tick, { min: 0, max: 1, interval: 0.2 }),
      series: [{
        type: "line", name: "Expected value", symbol: "none", lineStyle: { width: 2.5, color: c.main }, itemStyle: { color: c.main }, areaStyle: { color: c.wash },
        data: d.customers.map((x, i) => [x, d.value[i]]),
        markPoint: { symbol: "circle", symbolSize: 11, itemStyle: { color: c.second, borderColor: c.raised, borderWidth: 2 }, silent: true,
          label: { show: true, position: "right", distance: 8, align: "left", color: c.ink, fontSize: 13, fontWeight: 600, formatter: `Top 10\u00a0% hold ${percent(d.top_decile)}` },
          data: [{ coord: [0.1, d.value[10]] }] },
        markLine: { symbol: "none", silent: true, label: { show: false }, lineStyle: { color: c.third, type: "dashed", width: 1 }, data: [[{ coord: [0, 0] }, { coord: [1, 1] }]] },
      }],
    }),
    segments: (d, c, narrow) => ({
      ...frame(c),
      tooltip: { ...frame(c).tooltip, valueFormatter: percent },
      xAxis: values(c, tick),
      yAxis: categories(c, d.labels, { inverse: true, axisLine: { show: false }, axisLabel: { color: c.ink, fontSize: narrow ? 11 : 12.5, width: narrow ? 90 : 170, overflow: "break" } }),
      series: [bars("Share of customers", d.customers, shares(c)), bars("Share of expected value", d.value, shares(c))],
    }),
    tracking: (d, c) => ({
      ...frame(c),
      color: [c.main, c.second],
      tooltip: { ...frame(c).tooltip, axisPointer: { type: "line", lineStyle: { color: c.third } }, valueFormatter: (v) => (v == null ? "–" : whole.format(v)) },
      xAxis: { type: "time", axisTick: { show: false }, splitNumber: 4, axisLine: { lineStyle: { color: c.line } }, axisLabel: { color: c.soft, fontSize: 11, hideOverlap: true, formatter: (t) => { const at = new Date(t); return `${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`; } } },
      yAxis: values(c, (v) => short.format(v)),
      useUTC: true,
      series: [
        { type: "line", name: "Actual", symbol: "none", lineStyle: { width: 2.5 }, data: d.days.map((t, i) => [t, d.actual[i]]),
          markLine: d.cut_off ? { symbol: "none", silent: true, lineStyle: { color: c.soft, type: "solid", width: 1 }, label: { formatter: `cut-off ${day(d.cut_off)}`, color: c.soft, fontSize: 11, position: "insideEndTop", rotate: 0, align: "right", padding: [0, 6, 0, 0] }, data: [{ xAxis: d.cut_off }] } : undefined },
        ...(d.has_expected ? [{ type: "line", name: "Expected", symbol: "none", lineStyle: { width: 2, type: [6, 4] }, data: d.days.map((t, i) => [t, d.expected[i]]) }] : []),
      ],
    }),
    deciles: (d, c) => ({
      ...frame(c),
      color: [c.second, c.main],
      tooltip: { ...frame(c).tooltip, valueFormatter: money },
      xAxis: categories(c, d.labels, { axisLabel: { color: c.soft, fontSize: 11, interval: 0 } }),
      yAxis: values(c, (v) => short.format(v)),
      series: [bars("Mean predicted", d.predicted), bars("Mean actual", d.actual)],
    }),
  };
  const shares = (c) => ({ label: { show: true, position: "right", color: c.soft, fontSize: 11, formatter: ({ value }) => percent(value) }, barMaxWidth: 14 });

  const drawn = [];
  for (const element of document.querySelectorAll(".chart")) {
    const figures = data[element.dataset.chart];
    if (!figures) continue;
    if (element.dataset.chart === "segments") element.style.height = `${70 + 52 * figures.labels.length}px`;
    const chart = echarts.init(element, null, { renderer: "svg" });
    const paint = () => chart.setOption(draw[element.dataset.chart](figures, palette(), chart.getWidth() < 480), true);
    paint();
    drawn.push({ chart, paint });
    new ResizeObserver(() => { if (element.clientWidth && element.clientWidth !== chart.getWidth() && !root.classList.contains("printing")) { chart.resize(); paint(); } }).observe(element);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(({ paint }) => paint()));
  // A printer has white paper and its own width, whatever the screen shows.
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    for (const { chart, paint } of drawn) { chart.resize({ width: 640 }); paint(); }
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    for (const { chart, paint } of drawn) { chart.resize({ width: "auto" }); paint(); }
  });
})();
