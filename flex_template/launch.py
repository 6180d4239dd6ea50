"""What the Flex Template's launcher runs in the image: the job's own command line."""

import sys

from customerio_beam.pipeline.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
