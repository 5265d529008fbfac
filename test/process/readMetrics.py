"""Prints as JSON what Prometheus' own client reads in a file: name, type, labels and value of each sample."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8") as file:
    families = list(text_string_to_metric_families(file.read()))
print(json.dumps([
    {"name": sample.name, "type": family.type, "labels": sample.labels, "value": sample.value}
    for family in families
    for sample in family.samples
]))
