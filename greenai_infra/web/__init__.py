"""The one way to the web: which address may be asked, through which proxy, how often, how long, how much.

`address` holds the rule for URLs, `environment` proxies and certificates, `bounds` the time, `site` the requests. No
other part of the package imports urllib3 or requests.
"""
