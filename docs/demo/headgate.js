// headgate.js
