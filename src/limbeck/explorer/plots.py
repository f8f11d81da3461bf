"""The page's scatter plots: a small panel for each layer of each method, and one large stage."""

import numpy as np
from bokeh.embed import components
from bokeh.models import ColumnDataSource, LassoSelectTool, PanTool, Range1d, WheelZoomTool
from bokeh.plotting import figure
from bokeh.resources import Resources

MARGIN = 1.06  # how far a frame reaches; points reach to 1
SELECTED_APART = 0.07  # opacity of what is not selected


def stage_and_panels(count: int) -> tuple[str, str, str]:
    """Return Bokeh's library, the script that draws all plots, and their places, as HTML.

    The plots hold a single point each; the page's own script fills in the data. All panels share
    one source, so that what is selected in one is selected in all. The stage has its own, because
    an animation draws everything that shares its source.

    Parameters
    ----------
    count : int
        Of panels.
    """
    panels, stage = _source(range(count)), _source(["stage"])
    plots = {str(index): _plot(panels, index) for index in range(count)}
    plots["stage"] = _plot(stage, "stage", PanTool(name="pan"), WheelZoomTool(name="zoom"))
    script, places = components(plots)
    # WebGL draws these plots more slowly where a processor stands in for a GPU, and warns of it.
    library = Resources(mode="inline", components=["bokeh"], log_level="warn").render_js()
    elements = [
        f'<div class="plot" id="plot-{name}">{place.strip()}</div>'
        for name, place in places.items()
    ]
    return library, script, "\n".join(elements)


def _source(names) -> ColumnDataSource:
    point, colour = np.zeros(1, np.float32), np.zeros((1, 4), np.uint8)
    columns = {}
    for name in names:
        columns |= {f"x-{name}": point, f"y-{name}": point, f"colour-{name}": colour}
    return ColumnDataSource(columns)


def _plot(source: ColumnDataSource, name: int | str, *tools):
    # Not continuous, or every move of the mouse would select. The page's script selects, because
    # it knows the filters: the tool only draws the line and tells of it.
    lasso = LassoSelectTool(name="lasso", continuous=False, renderers=[])
    plot = figure(
        name=f"plot-{name}",
        sizing_mode="stretch_both",
        min_width=20,
        min_height=20,
        min_border=0,
        x_range=Range1d(-MARGIN, MARGIN),
        y_range=Range1d(-MARGIN, MARGIN),
        toolbar_location=None,
        tools=[lasso, *tools],
        active_drag=lasso,
        active_scroll=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        output_backend="canvas",
    )
    plot.axis.visible = False
    plot.grid.visible = False
    plot.scatter(
        f"x-{name}",
        f"y-{name}",
        source=source,
        size=3,
        line_color=None,
        fill_color=f"colour-{name}",
        fill_alpha=0.85,
        nonselection_fill_alpha=SELECTED_APART,
        name=f"points-{name}",
    )
    return plot
