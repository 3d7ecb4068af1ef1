"""What cells of several tests begin with."""

SECRETS = """
import os
os.environ |= {"A_KEY": "value-of-a-key", "B_KEY": "value-of-b-key", "LEVEL": "debug"}
%modal_secret create a --from-env A_KEY LEVEL
%modal_secret create b --from-env B_KEY LEVEL
"""


SECRETS = """
import os
os.environ |= {"A_KEY": "value-of-a-key", "B_KEY": "value-of-b-key", "LEVEL": "debug"}
%modal_secret create a --from-env A_KEY LEVEL
%modal_secret create b --from-env B_KEY LEVEL
"""
