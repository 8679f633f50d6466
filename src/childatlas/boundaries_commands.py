"""The commands about boundary files: which there are, fetch one, check one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from childatlas.console import JsonFlag, QuietFlag, progress_bar, show_json, show_table
from childatlas.errors import BoundaryError, StudyError, nearest
from childatlas.shipped import data_folder

if TYPE_CHECKING:
    from atlasgeo.profiles import BoundaryLayer, Country
    from atlasgeo.sources import Fetched

__all__ = ["app"]

app = typer.Typer(
    name="boundaries",
    help="Official boundary files: list, fetch once into the cache, check any file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ToOption = Annotated[
    Path | None, typer.Option("--to", help="Folder instead of your cache folder; never inside the package.")
]
MirrorOption = Annotated[
    str | None,
    typer.Option("--mirror", help="Address or folder of copies. Default: the variable CHILDATLAS_MIRROR."),
]
LevelOption = Annotated[
    str | None, typer.Option("--level", help="oblast, district, county ... or ADM0 to ADM5.")
]
COLUMNS = ("country", "layer", "level", "vintage", "licence", "state", "fetch")


@app.command(name="list")
def list_layers(
    country: Annotated[str | None, typer.Argument(help="A country's profile; all if not given.")] = None,
    *,
    to: ToOption = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """List the catalogued boundary files, and whether each ships, is fetched or is not."""
    profiles = [_profile(country)] if country else _profiles()
    rows = [_row(profile, layer, to) for profile in profiles for layer in profile.boundaries]
    if as_json:
        show_json({"layers": [dict(zip(COLUMNS, row, strict=True)) for row in rows]})
    elif not quiet:
        show_table("boundary files", COLUMNS[:4] + COLUMNS[5:6], [row[:4] + row[5:6] for row in rows])
        for command in dict.fromkeys(str(row[6]) for row in rows if row[5] == "not fetched"):
            typer.echo(command)


@app.command()
def fetch(
    country: Annotated[
        str, typer.Argument(help="A country's profile, or three letters (ISO 3166-1) of any country.")
    ],
    *,
    level: LevelOption = None,
    vintage: Annotated[int | None, typer.Option(help="Year of the map; the newest if not given.")] = None,
    source: Annotated[str | None, typer.Option(help="geokz, geoboundaries, gadm, hdx ...")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Take this file that you have downloaded.")
    ] = None,
    to: ToOption = None,
    mirror: MirrorOption = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch an official file once: checked by its SHA-256, whole or not at all."""
    from atlasgeo.cache import CACHE_VARIABLE
    from atlasgeo.sources import fetch_layer, keep_supplied

    code, layer = _wanted(country, level=level, vintage=vintage, source=source)
    if file is not None:
        fetched = keep_supplied(layer, file, country=code, to=to)
    else:
        with progress_bar(shown=not quiet and not as_json) as progress:
            fetched = fetch_layer(layer, country=code, to=to, mirror=mirror, progress=progress)
    facts = _facts(code, fetched)
    if to is not None:
        facts["used by a run where"] = f"{CACHE_VARIABLE}={to}"
    if as_json:
        show_json(facts)
    elif not quiet:
        show_table(
            f"{layer.id}: {'fetched' if fetched.fresh else 'already there'}",
            ("what", "found"),
            list(facts.items()),
        )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Any file of polygons; a zip is unpacked safely.")],
    *,
    code: Annotated[str | None, typer.Option(help="Column of the codes; found if not given.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of a file of several.")] = None,
    country: Annotated[str | None, typer.Option(help="Hold the codes against this country's units.")] = None,
    level: LevelOption = None,
    year: Annotated[int | None, typer.Option(help="Units in force at the end of this year.")] = None,
    assume_crs: Annotated[
        str | None, typer.Option(help="For shapes that state no coordinate system.")
    ] = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Read a boundary file, tell what is wrong with it, and whether it is a catalogued one."""
    import tempfile

    from childatlas.boundary_check import Against, check_file, opened

    if not file.is_file():
        raise BoundaryError("there is no such file", where=str(file), expected="a file of polygons")
    with tempfile.TemporaryDirectory() as folder:
        profile = _profile(country) if country else None
        report = check_file(
            opened(file, Path(folder)),
            _profiles(),
            code=code,
            layer=layer,
            against=Against(profile, level, year),
            assume_crs=assume_crs,
        )
    facts = {"file": str(file), **report}
    if as_json:
        show_json(facts)
        raise typer.Exit(BoundaryError.exit_code if facts["findings"] else 0)
    if not quiet:
        show_table(
            str(file), ("what", "found"), [(k, v) for k, v in facts.items() if not isinstance(v, list)]
        )
        for name in ("faults", "findings"):
            for line in facts.get(name, []):
                typer.echo(f"  {line}")
    if facts["findings"]:
        raise BoundaryError(
            f"{len(facts['findings'])} disagreements between the file and the units",
            where=str(file),
            found=facts["findings"][0],
            expected="the same units at the same places",
            fix="check the code column, the level and the year",
        )


def _profiles() -> list[Country]:
    from atlasgeo.profiles import read_country

    return [
        read_country(path.parent) for path in sorted((data_folder() / "boundaries").glob("*/country.toml"))
    ]


def _profile(name: str) -> Country:
    from atlasgeo.profiles import read_country

    known = [path.parent.name for path in (data_folder() / "boundaries").glob("*/country.toml")]
    if (Path(name) / "country.toml").is_file():
        return read_country(name)
    if name.lower() not in known:
        raise StudyError(
            f"no profile is called {name!r}",
            found=name,
            expected=", ".join(nearest(name, known) or sorted(known)),
            fix="give a shipped profile, a folder with country.toml, or, to fetch, a country's three letters",
        )
    return read_country(data_folder() / "boundaries" / name.lower())


def _wanted(
    country: str, *, level: str | None, vintage: int | None, source: str | None
) -> tuple[str, BoundaryLayer]:
    """Return the code and the layer asked for: catalogued, else any country's on geoBoundaries."""
    from atlasgeo.geoboundaries import layer_of
    from atlasgeo.sources import find_source

    known = {profile.code: profile for profile in _profiles()}
    profile = known.get(country.lower())
    if (Path(country) / "country.toml").is_file():
        profile = _profile(country)
    adm = level is not None and level.upper().startswith("ADM")
    if profile is None or adm:
        if profile is None and not (len(country) == 3 and country.isalpha()):
            _profile(country)
        if source not in (None, "geoboundaries"):
            raise StudyError(
                f"only geoBoundaries is known for {country}", found=source, expected="geoboundaries"
            )
        if vintage is not None:
            raise StudyError(
                "geoBoundaries hands out its newest file alone",
                found=f"--vintage {vintage}",
                fix="leave --vintage out; the answer says which year the file is of",
            )
        return country.lower(), layer_of(country, level or "ADM1")
    chosen = level or profile.levels[-1]
    return profile.code, find_source(profile, level=chosen, vintage=vintage, source=source)


def _row(profile: Country, layer: BoundaryLayer, to: Path | None) -> tuple[object, ...]:
    from atlasgeo.sources import fetch_command, find_fetched

    if layer.path is not None:
        state, command = "ships", ""
    else:
        state = "fetched" if find_fetched(layer, country=profile.code, to=to) else "not fetched"
        command = fetch_command(layer, country=profile.code)
    vintage = layer.vintage or (layer.as_of.year if layer.path is not None else "")
    return profile.code, layer.id, layer.level, str(vintage), layer.licence, state, command


def _facts(country: str, fetched: Fetched) -> dict[str, Any]:
    answer = fetched.facts.get("answer") or {}
    return {
        "country": country,
        "layer": fetched.layer.id,
        "level": fetched.layer.level,
        "file": str(fetched.path),
        "sha256": fetched.sha256,
        "licence": fetched.facts.get("licence") or fetched.layer.licence,
        "producer": answer.get("producer") or fetched.layer.producer,
        "year": answer.get("year") or fetched.layer.vintage or "",
        "fetched now": fetched.fresh,
    }
