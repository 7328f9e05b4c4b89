#include "keyring_baseline.h"
#include <libsecret/secret.h>
#include <string.h>

static SecretService *service;

static const SecretSchema schema = {
    "org.mathmesh.Key",
    SECRET_SCHEMA_NONE,
    {{"mesh-udf", SECRET_SCHEMA_ATTRIBUTE_STRING},
     {"mesh-mode", SECRET_SCHEMA_ATTRIBUTE_STRING},
     {"mesh-class", SECRET_SCHEMA_ATTRIBUTE_STRING},
     {"mesh-exportable", SECRET_SCHEMA_ATTRIBUTE_STRING},
     {NULL, 0}}};

int baseline_open(void) {
    service = secret_service_get_sync(SECRET_SERVICE_OPEN_SESSION, NULL, NULL);
    return service != NULL;
}

int baseline_set(const char *udf, const char *value) {
    GHashTable *attributes = secret_attributes_build(&schema, "mesh-udf", udf, "mesh-mode", "test-baseline", "mesh-class",
                                                     "Device", "mesh-exportable", "false", NULL);
    SecretValue *secret = secret_value_new(value, (gssize)strlen(value), "text/plain");
    int done = secret_service_store_sync(service, &schema, attributes, SECRET_COLLECTION_DEFAULT, "Mesh key", secret,
                                         NULL, NULL);
    secret_value_unref(secret);
    g_hash_table_unref(attributes);
    return done;
}

long baseline_get(const char *udf) {
    GHashTable *attributes =
        secret_attributes_build(&schema, "mesh-udf", udf, "mesh-mode", "test-baseline", NULL);
    SecretValue *secret = secret_service_lookup_sync(service, &schema, attributes, NULL, NULL);
    g_hash_table_unref(attributes);
    if (secret == NULL) return -1;
    gsize length = 0;
    secret_value_get(secret, &length);
    secret_value_unref(secret);
    return (long)length;
}
