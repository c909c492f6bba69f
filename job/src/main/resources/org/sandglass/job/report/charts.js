'use strict';
(() => {
  const charts = JSON.parse(document.getElementById('data').textContent);
  const color = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const plots = [];
  const number = value => value === null || value === undefined ? '–'
      : value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toLocaleString('en', {maximumSignificantDigits: 5});
  // Short, since labels stand side by side: 8k for 8192 and for 8000, 450k, 0.00781.
  const tick = value => value === null ? ''
      : value >= 1024 && value % 1024 === 0 ? value / 1024 + 'k'
      : value >= 1e4 ? value.toLocaleString('en', {notation: 'compact', maximumSignificantDigits: 4}).replace('K', 'k')
      : value !== 0 && Math.abs(value) < 0.1 && Math.abs(value) >= 1e-3 ? value.toLocaleString('en', {maximumSignificantDigits: 3})
      : number(value);
  // As wide as the widest label, of 12 px, wants it.
  const room = (u, labels) => 20 + 7 * Math.max(4, ...(labels || []).map(label => label.length));

  // What the mean of several seeds may be off by: a band along a line, bars at marks.
  const spread = chart => u => chart.lines.forEach((line, index) => {
    if (!u.series[index + 1].show || !line.low.some((low, i) => low !== line.high[i])) { return; }
    const at = i => u.valToPos(chart.at[i], 'x', true);
    const down = value => u.valToPos(value, 'y', true);
    const known = chart.at.map((x, i) => i).filter(i => line.low[i] !== null);
    u.ctx.save();
    u.ctx.beginPath();
    if (line.marked) {
      known.forEach(i => { u.ctx.moveTo(at(i), down(line.low[i])); u.ctx.lineTo(at(i), down(line.high[i])); });
      u.ctx.strokeStyle = line.color;
      u.ctx.lineWidth = 1.5 * devicePixelRatio;
      u.ctx.stroke();
    } else {
      known.forEach(i => u.ctx.lineTo(at(i), down(line.high[i])));
      known.reverse().forEach(i => u.ctx.lineTo(at(i), down(line.low[i])));
      u.ctx.closePath();
      u.ctx.fillStyle = line.color + '2e';
      u.ctx.fill();
    }
    u.ctx.restore();
  });

  function plot(chart) {
    const place = document.getElementById(chart.id);
    const axis = {
      stroke: color('soft'), font: '12px system-ui, sans-serif', labelFont: '12px system-ui, sans-serif', labelSize: 20,
      grid: {stroke: color('grid'), width: 1}, ticks: {stroke: color('grid'), width: 1, size: 4},
      values: (u, splits) => splits.map(tick),
    };
    const range = chart.lines.flatMap(line => line.low.concat(line.high)).filter(v => v !== null);
    const scale = of => of.logarithmic ? {distr: 3, log: 2} : {};
    const margin = (Math.max(...range) - Math.min(...range) || 1) * 0.05;
    const y = chart.y.logarithmic ? {}
        : {range: [Math.max(Math.min(0, ...range), Math.min(...range) - margin), Math.max(...range) + margin]};
    const options = {
      width: place.clientWidth, height: 300, padding: [8, 24, 0, 0],
      cursor: {points: {size: 6}},
      scales: {x: {time: false, ...scale(chart.x)}, y: {...scale(chart.y), ...y}},
      axes: [{...axis, size: 34, space: 44, label: chart.x.label}, {...axis, size: room, label: chart.y.label}],
      series: [{label: chart.x.label, value: (u, v) => number(v)}].concat(chart.lines.map(line => ({
        label: line.name, stroke: line.color, width: 2, spanGaps: true, value: (u, v) => number(v),
        points: {show: line.marked, size: 7, fill: line.color},
      }))),
      hooks: {draw: [spread(chart)]},
    };
    plots.push([place, new uPlot(options, [chart.at, ...chart.lines.map(line => line.values)], place)]);
  }

  function draw() {
    plots.splice(0).forEach(([, drawn]) => drawn.destroy());
    charts.filter(chart => chart.at.length > 0).forEach(plot);
  }

  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('resize', () => plots.forEach(([place, drawn]) => drawn.setSize({width: place.clientWidth, height: 300})));
})();
