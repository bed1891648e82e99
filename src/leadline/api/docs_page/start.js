// Addresses are relative to /docs, so that the page works under a path prefix.
SwaggerUIBundle({
  url: "v1/openapi.yaml",
  dom_id: "#page",
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
