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

  const broken = (iso) => { const [y, m, d] = iso.split("-"); return `${+d}\u00a0${months[m - 1]}\n${y}`; };
  const escape = (text) => echarts.format.encodeHTML(String(text));
  // Round ends around low and high, so that every tick is as far from the next.
  const span = (low, high) => {
    const rough = (high - low || Math.abs(high) || 1) / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
    const places = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    const round = (v) => +v.toFixed(places);
    const formatter = (v) => (Math.abs(v) >= 1000 ? short.format(v) : v.toFixed(places));
    return { min: round(Math.floor(low / step + 1e-9) * step), max: round(Math.ceil(high / step - 1e-9) * step), interval: step, formatter };
  };

  const palette = () => {
    const style = getComputedStyle(root);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return { ink: of("ink"), soft: of("soft"), line: of("line"), raised: of("raised"), main: of("main"),
      second: of("second"), third: of("third"), font: of("sans"), wash: `rgb(${of("wash")} / 12%)`, band: `rgb(${of("wash")} / 32%)` };
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
  const values = (c, format, more) => ({ type: "value", splitNumber: 4, axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: c.line } }, axisLabel: { color: c.soft, fontSize: 11, formatter: format, hideOverlap: true }, ...more });
  const dated = (c, days, more) => categories(c, days.map(broken), { axisLabel: { color: c.soft, fontSize: 11, lineHeight: 14, hideOverlap: true }, ...more });
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
      grid: { ...frame(c).grid, right: 44 },
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
    totals: (d, c) => ({
      ...frame(c),
      legend: { ...frame(c).legend, data: ["Interval", "Forecast", "Came"] },
      tooltip: { ...frame(c).tooltip, formatter: ([{ dataIndex: i }]) => `<b>${day(d.days[i])}</b><br>Interval ${money(d.lower[i])} to ${money(d.upper[i])}<br>Forecast ${money(d.forecast[i])}<br>Came <b>${money(d.actual[i])}</b>, ${d.inside[i] ? "inside" : "outside"}` },
      xAxis: dated(c, d.days),
      yAxis: values(c, (v) => short.format(v)),
      series: [
        // An unseen bar lifts the interval's bar to its lower end.
        { type: "bar", name: "Below", stack: "interval", silent: true, barMaxWidth: 26, itemStyle: { color: "transparent" }, data: d.lower },
        { type: "bar", name: "Interval", stack: "interval", barMaxWidth: 26, itemStyle: { color: c.band, borderRadius: 2 }, data: d.upper.map((v, i) => v - d.lower[i]) },
        { type: "scatter", name: "Forecast", symbol: "rect", symbolSize: [26, 3], itemStyle: { color: c.main, opacity: 1 }, data: d.forecast },
        { type: "scatter", name: "Came", symbol: "circle", symbolSize: 11, itemStyle: { color: c.second, borderColor: c.raised, borderWidth: 1.5, opacity: 1 }, data: d.actual },
      ],
    }),
    pit: (d, c) => ({
      ...frame(c),
      legend: { show: false },
      grid: { left: 2, right: 16, top: 14, bottom: 5, containLabel: true },
      tooltip: { ...frame(c).tooltip, valueFormatter: percent },
      xAxis: categories(c, d.labels.map((label) => label.replace(/\u00a0%$/, "")), { name: "% of what was told", nameLocation: "middle", nameGap: 26, nameTextStyle: { color: c.soft, fontSize: 11 }, axisLabel: { color: c.soft, fontSize: 11, hideOverlap: true } }),
      yAxis: values(c, tick, { ...span(0, Math.max(0.2, ...d.share)) }),
      series: [{ ...bars("Customers", d.share), color: c.main, barMaxWidth: 60, barCategoryGap: "12%",
        markLine: { symbol: "none", silent: true, lineStyle: { color: c.second, type: "dashed", width: 1.5 }, label: { formatter: "even", color: c.soft, fontSize: 11, position: "insideEndTop" }, data: [{ yAxis: 1 / d.share.length }] } }],
    }),
    churn: (d, c) => {
      const most = Math.max(...d.count);
      const axis = (name, more) => values(c, tick, { min: d.low, max: d.high, interval: d.step, name, nameLocation: "middle", nameTextStyle: { color: c.soft, fontSize: 11 }, ...more });
      return {
        ...frame(c),
        legend: { show: false },
        grid: { left: 22, right: 22, top: 14, bottom: 24, containLabel: true },
        tooltip: { ...frame(c).tooltip, trigger: "item", formatter: ({ dataIndex: i }) => `Told ${percent(d.chance[i])}<br>Came <b>${percent(d.share[i])}</b><br>${whole.format(d.count[i])} customers` },
        xAxis: axis("Chance told of buying nothing", { nameGap: 26, splitLine: { show: false } }),
        yAxis: axis("Bought nothing", { nameGap: 40 }),
        series: [{
          type: "line", name: "Customers", lineStyle: { width: 1.5, color: c.main }, itemStyle: { color: c.main },
          symbol: "circle", symbolSize: (_, { dataIndex: i }) => 6 + 10 * Math.sqrt(d.count[i] / most),
          data: d.chance.map((x, i) => [x, d.share[i]]),
          markLine: { symbol: "none", silent: true, label: { show: false }, lineStyle: { color: c.third, type: "dashed", width: 1 }, data: [[{ coord: [d.low, d.low] }, { coord: [d.high, d.high] }]] },
        }],
      };
    },
    origins: (d, c) => {
      const chosen = document.querySelector("input[name=measure]:checked");
      const measure = d.measures.find(({ key }) => key === chosen?.value) ?? d.measures[0];
      const exact = (v) => ({ amount: money, share: percent, plain: (x) => x.toFixed(3) })[measure.form](v);
      const kind = (line) => (line.champion ? line.label : line.kind === "naive" ? "Naive rules" : "Other models");
      const look = (line) => line.champion ? { color: c.main, width: 3 } : line.kind === "naive" ? { color: c.second, width: 1.5, type: [5, 4] } : { color: c.third, width: 1.2 };
      // Lines far from the champion's would press all others together: the nearest two thirds fill the picture.
      const middle = (line) => { const known = line.figures[measure.key].filter((v) => v != null); return known.reduce((a, b) => a + b, 0) / (known.length || 1); };
      const centre = middle(d.lines.find((line) => line.champion) ?? d.lines[0]);
      const near = [...d.lines].sort((a, b) => Math.abs(middle(a) - centre) - Math.abs(middle(b) - centre)).slice(0, Math.max(2, Math.ceil((2 * d.lines.length) / 3)));
      const seen = near.flatMap((line) => line.figures[measure.key]).filter((v) => v != null);
      const { formatter, ...ends } = span(Math.min(...seen), Math.max(...seen));
      const told = (points) => [...points].filter((p) => p.value != null).sort((a, b) => a.value - b.value)
        .map((p) => { const line = d.lines[p.seriesIndex]; const text = `${escape(line.label)}: ${exact(p.value)}`; return line.champion ? `<b>${text}</b>` : text; }).join("<br>");
      return {
        ...frame(c),
        grid: { left: 2, right: 16, top: 58, bottom: 5, containLabel: true },
        legend: { ...frame(c).legend, data: [...new Set(d.lines.map(kind))], selectedMode: false },
        tooltip: { ...frame(c).tooltip, axisPointer: { type: "line", lineStyle: { color: c.third } }, formatter: (points) => `<b>${day(d.days[points[0].dataIndex])}</b><br>${told(points)}` },
        xAxis: dated(c, d.days),
        yAxis: values(c, measure.form === "share" ? tick : formatter, ends),
        series: d.lines.map((line) => ({ type: "line", name: kind(line), clip: true, data: line.figures[measure.key], symbolSize: line.champion ? 7 : 4, symbol: "circle", lineStyle: look(line), itemStyle: { color: look(line).color }, z: line.champion ? 4 : 2, connectNulls: false })),
      };
    },
    dependence: (d, c) => {
      const most = Math.max(0, ...d.share.map((s) => s ?? 0)) || 1;
      const text = (i) => escape(`${d.labels[i]} ${d.unit}`);
      const { formatter, ...ends } = span(0, data.highest > 0 ? data.highest : 1);
      const written = d.percent ? tick : (v) => short.format(v);
      const at = (numbers) => (d.even ? numbers : numbers.map((v, i) => [d.values[i], v]));
      return {
        ...frame(c),
        legend: { show: false },
        grid: { left: 2, right: 14, top: 10, bottom: 5, containLabel: true },
        tooltip: { ...frame(c).tooltip, axisPointer: { type: "line", lineStyle: { color: c.third } }, formatter: ([{ dataIndex: i }]) => `${text(i)}<br>Forecast <b>${money(d.forecast[i])}</b>${d.share[i] == null ? "" : `<br>${percent(d.share[i])} of customers`}` },
        xAxis: d.even ? categories(c, d.labels, d.ordered ? {} : { axisLabel: { color: c.soft, fontSize: 11, interval: 0, rotate: d.labels.length > 5 ? 40 : 0, width: 64, overflow: "truncate" } }) : values(c, written, { scale: true, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: c.line } } }),
        yAxis: [
          values(c, formatter, ends),
          { type: "value", show: false, min: 0, max: 4 * most },
        ],
        series: [
          { type: "line", name: "Forecast", symbolSize: d.ordered ? 5 : 10, symbol: "circle", lineStyle: { width: d.ordered ? 2.5 : 0, color: c.main }, itemStyle: { color: c.main }, z: 3, data: at(d.forecast) },
          { type: "bar", name: "Share of customers", yAxisIndex: 1, barWidth: d.even ? "60%" : 6, itemStyle: { color: c.third, opacity: 0.55 }, data: at(d.share) },
        ],
      };
    },
  };
  const shares = (c) => ({ label: { show: true, position: "right", color: c.soft, fontSize: 11, formatter: ({ value }) => percent(value) }, barMaxWidth: 14 });

  const drawn = [];
  for (const element of document.querySelectorAll(".chart")) {
    const [kind, index] = element.dataset.chart.split(".");
    const figures = index === undefined ? data[kind] : data[kind][index];
    if (!figures) continue;
    if (kind === "segments") element.style.height = `${70 + 52 * figures.labels.length}px`;
    const chart = echarts.init(element, null, { renderer: "svg" });
    const paint = () => chart.setOption(draw[kind](figures, palette(), chart.getWidth() < 480), true);
    paint();
    drawn.push({ chart, paint, small: element.classList.contains("small") });
    if (kind === "origins") document.querySelector(".choose").addEventListener("change", paint);
    new ResizeObserver(() => { if (element.clientWidth && element.clientWidth !== chart.getWidth() && !root.classList.contains("printing")) { chart.resize(); paint(); } }).observe(element);
  }

  // What a figure means opens beside its name, not in the middle of the window.
  for (const term of document.querySelectorAll(".term")) {
    const tip = document.getElementById(term.getAttribute("popovertarget"));
    tip.addEventListener("toggle", () => {
      const { left, bottom } = term.getBoundingClientRect();
      tip.style.left = `${Math.max(8, Math.min(left, root.clientWidth - tip.offsetWidth - 8))}px`;
      tip.style.top = `${bottom + scrollY + 6}px`;
    });
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(({ paint }) => paint()));
  // A printer has white paper and its own width, whatever the screen shows.
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    for (const { chart, paint, small } of drawn) { chart.resize({ width: small ? 300 : 640 }); paint(); }
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    for (const { chart, paint } of drawn) { chart.resize({ width: "auto" }); paint(); }
  });
})();
