// Draws each element with data-figure from the Plotly figure in the JSON script of that id,
// in the colours of the admin's present theme.
"use strict";

const LEGEND_ROW_PIXELS = 19;
const charts = document.querySelectorAll("[data-figure]");

// A phone shows the legend as one column, which must not take its room from the lines.
function height(figure) {
  const rows = innerWidth < 641 ? figure.data.length : 0;
  return figure.layout.height + rows * LEGEND_ROW_PIXELS;
}

function themed(layout) {
  const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
  const lines = {gridcolor: colour("--border-color"), zerolinecolor: colour("--border-color")};
  return {
    ...layout,
    ...Object.fromEntries(axes.map((axis) => [axis, {...layout[axis], ...lines, automargin: true}])),
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: {color: colour("--body-fg")},
    hoverlabel: {bgcolor: colour("--darkened-bg"), font: {color: colour("--body-fg")}},
  };
}

function draw(chart) {
  const figure = JSON.parse(document.getElementById(chart.dataset.figure).textContent);
  const layout = {...themed(figure.layout), height: height(figure)};
  Plotly.react(chart, figure.data, layout, {responsive: true, displaylogo: false});
}

function drawAll() {
  charts.forEach(draw);
}

if (window.Plotly) {
  drawAll();
  new MutationObserver(drawAll).observe(document.documentElement, {attributeFilter: ["data-theme"]});
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
} else {
  charts.forEach((chart) => {
    chart.textContent = "The charts need plotly.min.js, which did not load: see STATICFILES_DIRS.";
  });
}
