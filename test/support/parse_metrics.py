"""Parses scrapes with Debian's prometheus_client, which knows nothing of this package.

Reads a line of JSON for each scrape: {"format": "text" or "openmetrics", "text": ...}; answers with a line of JSON:
{"families": [{name, type, help, unit, samples: [{name, labels, value, exemplar}]}]}, values as text, or {"error": ...}.
"""
import json
import sys

from prometheus_client import openmetrics, parser
import prometheus_client.openmetrics.parser

parsers = {
    "text": parser.text_string_to_metric_families,
    "openmetrics": openmetrics.parser.text_string_to_metric_families,
}
for line in sys.stdin:
    request = json.loads(line)
    try:
        families = [
            {
                "name": family.name,
                "type": family.type,
                "help": family.documentation,
                "unit": family.unit,
                "samples": [
                    {
                        "name": sample.name,
                        "labels": sample.labels,
                        "value": repr(float(sample.value)),
                        "exemplar": sample.exemplar
                        and {"labels": sample.exemplar.labels, "value": sample.exemplar.value},
                    }
                    for sample in family.samples
                ],
            }
            for family in parsers[request["format"]](request["text"])
        ]
        answer = {"families": families}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
