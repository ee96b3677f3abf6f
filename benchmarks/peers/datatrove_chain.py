"""Datatrove's chain over planted documents: four filter families, PII, MinHash. One JSON line.

    python datatrove_chain.py DIR DOCS

Runs in datatrove's own environment (called by `curate_chain.py`). Every document passes every
filter, whatever an earlier one said, so that all tools do the same amount of work; Chinese
documents go through the filters with `cmn`, others with `eng`.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ["LOGURU_LEVEL"] = "ERROR"


def lines(folder: Path, limit: int) -> Iterator[str]:
    """Lines of `clean-*.jsonl.gz`, dealt out over the files in turn."""
    files = [gzip.open(path, "rt", encoding="utf-8") for path in sorted(folder.glob("clean-*"))]  # noqa: SIM115
    for count in range(limit):
        line = files[count % len(files)].readline()
        if not line:
            return
        yield line


def main(folder: Path, limit: int) -> None:
    """Run every part and print bytes, CPU seconds and what was dropped by language."""
    from loguru import logger

    logger.remove()
    logging.disable(logging.CRITICAL)
    from datatrove.data import Document
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )
    from datatrove.pipeline.formatters import PIIFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    with tempfile.TemporaryDirectory() as work:
        source = Path(work) / "in"
        source.mkdir()
        texts = [json.loads(line) for line in lines(folder, limit)]
        with (source / "a.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(document) + "\n" for document in texts)
        config = MinhashConfig(
            hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5
        )

        def run(*pipeline: object) -> None:
            LocalPipelineExecutor(list(pipeline), tasks=1, logging_dir=f"{work}/log").run()

        run(JsonlReader(str(source)), MinhashDedupSignature(f"{work}/sig", config=config, language="cmn"))  # fmt: skip
        LocalPipelineExecutor(
            [MinhashDedupBuckets(f"{work}/sig", f"{work}/buckets", config=config)],
            tasks=14, logging_dir=f"{work}/log-buckets",
        ).run()  # fmt: skip
        LocalPipelineExecutor(
            [MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config)],
            tasks=1, logging_dir=f"{work}/log-cluster",
        ).run()  # fmt: skip
        LocalPipelineExecutor(
            [JsonlReader(str(source)), MinhashDedupFilter(f"{work}/remove"), JsonlWriter(f"{work}/out")],
            tasks=1, logging_dir=f"{work}/log-filter",
        ).run()  # fmt: skip

    filters = {
        code: (
            C4QualityFilter(language=code, filter_no_terminal_punct=False),
            GopherQualityFilter(language=code),
            GopherRepetitionFilter(language=code),
            FineWebQualityFilter(language=code),
        )
        for code in ("cmn", "eng")
    }
    pii = PIIFormatter()
    size = 0
    seen = {"cmn": 0, "eng": 0}
    dropped = {"cmn": 0, "eng": 0}
    for document in texts:
        text = document["text"]
        size += len(text.encode())
        start = text[:400]
        code = "cmn" if sum("一" <= c <= "鿿" for c in start) * 4 > len(start) else "eng"
        seen[code] += 1
        told = [one.filter(Document(text=text, id="x")) for one in filters[code]]
        dropped[code] += any((t[0] if isinstance(t, tuple) else t) is False for t in told)
        pii.format(text)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(
        json.dumps(
            {
                "bytes": size,
                "cpu_s": sum(u.ru_utime + u.ru_stime for u in used),
                "peak_mb": max(u.ru_maxrss for u in used) / 1e3,
                "dropped": dropped,
                "documents": seen,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
