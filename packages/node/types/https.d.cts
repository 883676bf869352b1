import https = require("node:https")
export = https
