# SPDX-License-Identifier: MIT
"""What tools/check_async.py is made of: source, expressions, body and flow, in that order."""
