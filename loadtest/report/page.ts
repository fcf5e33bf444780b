/** The report of a run as one HTML page that needs nothing but itself. */
import type { Findings } from '../findings.js';
import { summarizeMachine } from '../machine.js';
import { describePinning } from '../pinning.js';
import { formatNumber } from '../table.js';
import { renderChart } from './chart.js';
import { compareRuns, describeChance, describeMachines, describeRelative } from './compare.js';
import type { RunDocument } from './document.js';
import { fitModel } from './model.js';
import { describeGaps, modelTablesOf } from './model-tables.js';
import { onsetTablesOf } from './onset.js';
import { escapeText } from './svg.js';
import { exactnessOf, type TextTable, tablesOf, titleOf, turned } from './tables.js';
import { describeGoal } from './text.js';
import { describeUncompared } from './uncompared.js';

const STYLE = `
body { font: 15px/1.5 "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; color: #222; background: #fff; max-width: 1000px; margin: 2em auto; padding: 0 1em; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5em; border-top: 1px solid #ccc; padding-top: 1em; }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; }
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; font-weight: bold; padding: 3px 10px; }
.wide { overflow-x: auto; }
.verdict { font-size: 17px; font-weight: bold; }
svg { max-width: 100%; height: auto; display: block; margin: 1.5em 0; }
ul { padding-left: 1.2em; }
.missed::marker { content: "\\2717\\00a0"; }
.met::marker { content: "\\2713\\00a0"; }
.note { color: #555; font-size: 13px; }
`;

/** @param old - an older run, whose differences are shown */
export function renderPage(run: RunDocument, old?: RunDocument): string {
  const title = 'percpu-metrics: load test';
  const exact = run.scenarios.every(({ passed }) => passed);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
<p>${escapeText(summarizeMachine(run.machine)).replaceAll('\n', '<br>')}<br>${escapeText(describePinning(run.pinning))}</p>
<p>${run.quick ? 'A quick run' : 'A full run'} of ${escapeText(run.started)}, ${formatNumber(run.seconds, 0)} s.
${exact ? 'Every count that is promised to be exact was exact.' : '<strong>NOT every count that is promised to be exact was exact.</strong>'}
Bars and marks are medians, the lines through them the middle half of the samples.</p>
${run.scenarios.map(renderScenario).join('\n')}
${renderModel(run)}
${old === undefined ? '' : renderDifferences(old, run)}
</body>
</html>
`;
}

function renderScenario(findings: Findings): string {
  const tables = tablesOf(findings).map(upright);
  // Each chart with its table under it; one table of all figures comes after all charts.
  const figures = findings.figures.flatMap((figure) => [
    renderChart(findings, figure) ?? '',
    ...tables.filter(({ caption }) => caption === titleOf(figure)).map(renderHtmlTable),
  ]);
  const goals = findings.goals.map(
    (goal) => `<li class="${goal.met ? 'met' : 'missed'}">${escapeText(describeGoal(goal))}</li>`,
  );
  const exactness = exactnessOf(findings);
  return `<section id="${findings.name}">
<h2>${escapeText(findings.title)}</h2>
<p class="verdict">${escapeText(findings.verdict)}</p>
${onsetTablesOf(findings).map(renderHtmlTable).join('\n')}
${goals.length === 0 ? '' : `<ul>${goals.join('\n')}</ul>`}
${figures.filter((part) => part !== '').join('\n')}
${tables
  .filter(({ caption }) => caption === '')
  .map(renderHtmlTable)
  .join('\n')}
${exactness.rows.length === 0 ? '' : renderHtmlTable(exactness)}
${findings.notes.map((note) => `<p class="note">${escapeText(note)}</p>`).join('\n')}
</section>`;
}

/** The way round that has fewer columns: what does not fit beside each other would have to be moved to be read. */
function upright(table: TextTable): TextTable {
  return table.heading.length > table.rows.length + 1 ? turned(table) : table;
}

function renderModel({ scenarios, machine }: RunDocument): string {
  const model = fitModel(scenarios, machine.cpus);
  const gaps = describeGaps(model).map((gap) => `<li>${escapeText(gap)}</li>`);
  return `<section id="model">
<h2>Cost model</h2>
<p>Fitted to this run, round by round: medians of the rounds with their middle half. What is said of CPUs that it did not have is a prediction.</p>
${modelTablesOf(model).map(renderHtmlTable).join('\n')}
${gaps.length === 0 ? '' : `<ul class="note">${gaps.join('\n')}</ul>`}
</section>`;
}

function renderHtmlTable({ caption, heading, rows }: TextTable): string {
  const cells = (texts: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${texts.map((one) => `<${tag}>${escapeText(one)}</${tag}>`).join('')}</tr>`;
  return `<div class="wide"><table>${caption === '' ? '' : `<caption>${escapeText(caption)}</caption>`}<thead>${cells(heading, 'th')}</thead><tbody>
${rows.map((row) => cells(row, 'td')).join('\n')}
</tbody></table></div>`;
}

function renderDifferences(old: RunDocument, run: RunDocument): string {
  const comparison = compareRuns(old, run);
  const rows = comparison.changes.map(({ scenario, figure, contender, point, before, after, relative, kind }) => [
    `${scenario}: ${figure.title}, ${contender}${point && `, ${point}`}`,
    kind === 'regression' ? '\u2717 WORSE' : '\u2713 better',
    formatNumber(before, figure.decimals),
    formatNumber(after, figure.decimals),
    describeRelative(relative),
  ]);
  const chance = `<p>${escapeText(describeChance(comparison))}</p>`;
  const table =
    rows.length === 0
      ? ''
      : renderHtmlTable({ caption: '', heading: ['beyond the noise', '', 'before', 'after', 'change'], rows });
  const uncompared = describeUncompared(old, run).map((line) => `<li>${escapeText(line)}</li>`);
  const list = uncompared.length === 0 ? '' : `\n<ul class="note">${uncompared.join('\n')}</ul>`;
  return `<h2>Against the run of ${escapeText(old.started)}</h2>\n<p>${escapeText(describeMachines(old, run))}</p>\n${chance}\n${table}${list}`;
}
