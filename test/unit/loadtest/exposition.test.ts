import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sumSamples } from '../../../loadtest/exposition.js';

const text = `# HELP http_requests_total Requests answered. http_requests_total{route="/x"} 99
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/x",status_code="200"} 40
http_requests_total{method="GET",route="/x",status_code="404"} 2
http_requests_total{method="GET",route="/metrics",status_code="200"} 7
http_requests_total_of_another{route="/x"} 1000
http_request_duration_seconds_bucket{le="+Inf",route="/x"} 3
http_request_duration_seconds_count{route="/x"} 3
odd{path="a\\"},route=\\"/x\\""} 5
plain 1.5e3
stamped 8 1700000000000
`;

describe('sumSamples', () => {
  it('adds up the series that carry the labels', () => {
    assert.equal(sumSamples(text, 'http_requests_total', { route: '/x' }), 42);
    assert.equal(sumSamples(text, 'http_requests_total', { route: '/x', status_code: '404' }), 2);
  });

  it('adds up all series where no label is asked for', () => {
    assert.equal(sumSamples(text, 'http_requests_total'), 49);
  });

  it('takes neither longer names nor comments for the sample', () => {
    assert.equal(sumSamples(text, 'http_request_duration_seconds_count'), 3);
    assert.equal(sumSamples(text, 'http_request_duration_seconds'), 0);
  });

  it('is not misled by quotes and braces inside of a value', () => {
    assert.equal(sumSamples(text, 'odd'), 5);
    assert.equal(sumSamples(text, 'odd', { route: '/x' }), 0);
  });

  it('reads samples without labels, in exponent form and with a timestamp', () => {
    assert.equal(sumSamples(text, 'plain'), 1500);
    assert.equal(sumSamples(text, 'stamped'), 8);
  });

  it('gives 0 for what nobody counted', () => {
    assert.equal(sumSamples(text, 'missing'), 0);
  });
});
