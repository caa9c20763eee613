"""The container's entry point: SageMaker calls it with `train` or `serve`."""

import sys

from clv.apps.sagemaker import serving, training

DO = {"train": training.main, "serve": serving.main}

if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked not in DO:
        sys.exit(f"clv: say what to do: {' or '.join(DO)}. This is {asked!r}.")
    DO[asked]()
