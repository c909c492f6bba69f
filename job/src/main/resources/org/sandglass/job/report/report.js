'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const color = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const faded = value => value + '55';
  const plots = [];

  // Exponential average over about a hundredth of the run, so that the course shows through the noise.
  const smooth = values => {
    const keep = 1 - 1 / Math.max(1, values.length / 100);
    let mean = null;
    return values.map(v => v === null ? null : mean = mean === null ? v : keep * mean + (1 - keep) * v);
  };
  const number = (value, digits) => value === null || value === undefined ? '–'
      : value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toLocaleString('en', {maximumFractionDigits: digits});

  function chart(id, series, digits, floor) {
    const place = document.getElementById(id);
    const axis = {
      stroke: color('soft'), font: '12px system-ui, sans-serif',
      grid: {stroke: color('grid'), width: 1}, ticks: {stroke: color('grid'), width: 1, size: 4},
    };
    const value = (u, v) => number(v, digits);
    const options = {
      width: place.clientWidth, height: 250, padding: [8, 8, 0, 0],
      cursor: {points: {size: 6}, sync: {key: 'run'}},
      scales: {x: {time: false, range: (u, low, high) => [0, high]}, y: {range: (u, low, high) => {
        if (low === null) { return [0, 1]; }
        const room = (high - low || Math.abs(high) || 1) * 0.06;
        return [Math.max(floor, low - room), high + room];
      }}},
      axes: [
        {...axis, size: 34, values: (u, splits) => splits.map(v => number(v, 2))},
        {...axis, size: 58, values: (u, splits) => splits.map(v => number(v, 4))},
      ],
      series: [{label: 'epoch', value: (u, v) => number(v, 2)}].concat(series.map(s => ({
        label: s.label, stroke: s.faint ? faded(color(s.color)) : color(s.color), width: s.faint ? 1 : 2,
        spanGaps: true, value, points: {show: !!s.points, size: 6, fill: color(s.color)},
      }))),
    };
    plots.push([place, new uPlot(options, [data.x].concat(series.map(s => s.values)), place)]);
  }

  function draw() {
    plots.splice(0).forEach(([, plot]) => plot.destroy());
    const noisy = data.x.length > 60;
    const course = (values, label) => noisy
        ? [{label: 'iteration', values, color: 'train', faint: true}, {label, values: smooth(values), color: 'train'}]
        : [{label, values, color: 'train'}];
    const validated = data.validationLoss.some(v => v !== null);
    const validation = values => validated ? [{label: 'validation', values, color: 'validation', points: true}] : [];
    chart('loss', [...course(data.loss, 'training'), ...validation(data.validationLoss)], 4, 0);
    chart('error', [...course(data.error, 'training'), ...validation(data.validationError)], 2, 0);
    chart('rate', [{label: 'learning rate', values: data.rate, color: 'sand'}], 6, 0);
    chart('speed', course(data.speed, 'images/s'), 1, 0);
  }

  if (data.x.length > 0) {
    draw();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    addEventListener('resize', () => plots.forEach(([place, plot]) => plot.setSize({width: place.clientWidth, height: 250})));
  }
})();
