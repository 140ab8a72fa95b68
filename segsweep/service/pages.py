"""The pages: made here whole, so that they work without scripts; scripts only keep them up to date."""

import asyncio
import base64
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from segsweep.service.chart import chart
from segsweep.service.content import joint_key
from segsweep.service.heat_map import heat_maps
from segsweep.service.joint import overlap
from segsweep.service.result_routes import TableName, report_answer, table_answer
from segsweep.service.routes import Asked, Name, Trial
from segsweep.service.site import Found, Here, Site
from segsweep.service.templates import render
from segsweep.service.trial_view import MOST_CASES, trial_view

_HTML = "text/html; charset=utf-8"
_MOST_LINES = 24
"""Curves of one chart; more cannot be told apart."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home() -> Response:
    """The list of sweeps is what one comes for."""
    return RedirectResponse("/sweeps", 307)


@router.get("/sweeps")
async def sweeps(request: Request, site: Here) -> Response:
    """Every sweep with its progress."""
    snapshot = site.watch.snapshot
    found = list(snapshot.sweeps.values())
    content = joint_key(*(sweep.page for sweep in found), str(snapshot.problem), str(snapshot.at is None))
    return await site.rendered.answer(
        request, content, _HTML, lambda: render("sweeps.html.j2", sweeps=found, snapshot=snapshot, **_frame(site))
    )


@router.get("/sweeps/{sweep}")
async def sweep(request: Request, site: Here, sweep: Name) -> Response:
    """One sweep: its trials by state and what they say so far."""
    watched = site.sweep(sweep)
    found = site.results(watched)
    others = [name for name in site.watch.snapshot.sweeps if name != sweep]
    content = joint_key(watched.page, *_key(found), *others)

    def page() -> bytes:
        return render(
            "sweep.html.j2",
            sweep=watched,
            maps=heat_maps(watched.manifest),
            found=found,
            answer=found.results.answer() if found.results else None,
            others=others,
            unfinished=[entry for entry in watched.manifest.entries if entry.reason],
            **_frame(site),
        )

    return await site.rendered.answer(request, content, _HTML, page)


@router.get("/sweeps/{sweep}/report.html")
async def report(request: Request, site: Here, sweep: Name) -> Response:
    """The whole report."""
    return _report(request, site.results(site.sweep(sweep)))


@router.get("/sweeps/{sweep}/tables/{table}")
async def table(request: Request, site: Here, sweep: Name, table: TableName) -> Response:
    """One of the report's tables, where the report's page says it is."""
    return table_answer(request, site.results(site.sweep(sweep)), table)


@router.get("/sweeps/{sweep}/trials/{trial}")
async def trial(site: Here, sweep: Name, trial: Trial) -> Response:
    """One trial."""
    watched = site.sweep(sweep)
    entry = site.trial(watched, trial)
    view = await asyncio.to_thread(trial_view, entry, site.watch.tracker)
    pictures = [{**row, "png": base64.b64encode(row["png"]).decode()} for row in view.pictures]
    return _page(
        "trial.html.j2",
        site,
        sweep=watched,
        entry=entry,
        view=view,
        pictures=pictures,
        most_cases=MOST_CASES,
        mlflow=site.settings.mlflow,
    )


@router.get("/sweeps/{sweep}/curves")
async def curves(site: Here, sweep: Name, cohort: str = "", metric: str = "") -> Response:
    """The trials of one cohort, which saw the same batches, in one chart."""
    watched = site.sweep(sweep)
    cohorts = list(watched.manifest.cohorts())
    chosen = cohort if cohort in cohorts else cohorts[0]
    entries = [entry for entry in watched.manifest.entries if entry.row["cohort"] == chosen and entry.run_id]
    tracker = site.watch.tracker
    read = await asyncio.to_thread(
        lambda: [
            (f"{entry.row['setting']}, lr={entry.row['lr']:g}", tracker.read_curves(str(entry.run_id)))
            for entry in entries[:_MOST_LINES]
        ]
    )
    metrics = list(dict.fromkeys(name for _, found in read for name, curve in found.items() if len(curve) > 1))
    shown = metric if metric in metrics else next(iter(metrics), "")
    return _page(
        "curves.html.j2",
        site,
        sweep=watched,
        cohorts={
            str(entry.row["cohort"]): f"{entry.row['dataset']}, fold {entry.row['fold']}, seed {entry.row['seed']}"
            for entry in reversed(watched.manifest.entries)
        },
        cohort=chosen,
        metrics=metrics,
        metric=shown,
        chart=chart(shown, [(name, found[shown]) for name, found in read if shown in found]),
        left_out=len(entries) - len(read),
    )


@router.get("/compare")
async def compare(request: Request, site: Here, first: Asked = "", second: Asked = "") -> Response:
    """Two sweeps beside each other, and their settings compared on the cases both have."""
    names = list(site.watch.snapshot.sweeps)
    if not (first and second):
        return _page("compare.html.j2", site, names=names, first=None, second=None)
    one, two = site.sweep(first), site.sweep(second)
    key, found = site.joint(one, two)

    def page() -> bytes:
        settings = [dict.fromkeys(str(entry.row["setting"]) for entry in side.manifest.entries) for side in (one, two)]
        return render(
            "compare.html.j2",
            names=names,
            first=one,
            second=two,
            overlap=overlap(one.manifest, two.manifest),
            settings=[(name, *(name in side for side in settings)) for name in {**settings[0], **settings[1]}],
            found=found,
            answer=found.results.answer() if found.results else None,
            **_frame(site),
        )

    content = joint_key(one.page, two.page, key, *_key(found), *names)
    return await site.rendered.answer(request, content, _HTML, page)


@router.get("/compare/report.html")
async def joint_report(request: Request, site: Here, first: Asked, second: Asked) -> Response:
    """The report on two sweeps together."""
    return _report(request, site.joint(site.sweep(first), site.sweep(second))[1])


def problem_page(site: Site, status: int, detail: str) -> Response:
    """What went wrong, in words."""
    return Response(render("problem.html.j2", detail=detail, **_frame(site)), status, media_type=_HTML)


def safe_next(asked: str) -> str:
    """Where to go after a login: a path of this site, whatever somebody put into the link."""
    parts = urlsplit(asked)
    inside = not parts.scheme and not parts.netloc and asked.startswith("/") and not asked.startswith(("//", "/\\"))
    return asked if inside and asked.isprintable() else "/"


def _report(request: Request, found: Found) -> Response:
    if found.results is None and found.failure is None:
        raise HTTPException(404, "the report is being computed; it will be here in a moment")
    return report_answer(request, found)


def _page(name: str, site: Site, **values: object) -> Response:
    return Response(render(name, **values, **_frame(site)), media_type=_HTML)


def _frame(site: Site) -> dict[str, object]:
    """What every page shows."""
    return {"guarded": site.tokens is not None}


def _key(found: Found) -> tuple[str, ...]:
    return (found.results.key if found.results else "", str(found.current), str(found.failure))
