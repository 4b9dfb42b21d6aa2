import numpy as np

from twin.view import to_dataset


def test_a_run_becomes_labelled_arrays(region) -> None:
    run = region.twin.run(region.start, region.forcing(4), keep=("MEU_LIEGE", "VES_EUPEN"))
    dataset = to_dataset(run, region.topology)
    assert dict(dataset.sizes) == {"time": 4, "node": 2, "member": 8, "reservoir": 7, "weir": 6}
    assert dataset.discharge.attrs["units"] == "m3 s-1"
    one = dataset.discharge.sel(node="VES_EUPEN", member=3).values
    assert np.array_equal(one, run.discharge_at("VES_EUPEN")[:, 3])
    assert str(dataset.time.values[0]) == "2021-07-01T00:15:00.000000000"
