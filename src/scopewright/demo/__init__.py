"""What `make run` shows: a workspace as IoTMan has it, filled with real measurements.

`weather.py` is the data, `scenario.py` what happens with it, `browser.py` the person's browser;
`tenant.py` is a second workspace, as an application's.
"""
