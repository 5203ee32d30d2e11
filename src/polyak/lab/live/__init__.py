"""The live page of a training that runs elsewhere: `polyak watch run.zarr`."""
