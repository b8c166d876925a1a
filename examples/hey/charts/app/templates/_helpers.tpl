{{/*
Names are the release's name and a suffix. Helm keeps a release's name within 53 characters, which
leaves 10 of the 63 of a DNS label: `-scheduler` is the longest suffix.
*/}}

{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Takes a dict of `root` (the chart's scope) and `component`. */}}
{{- define "app.labels" -}}
{{ include "app.selectorLabels" . }}
app.kubernetes.io/version: {{ include "app.tag" .root | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/part-of: hey
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "app.tag" -}}
{{- .Values.image.tag | default .Values.global.branchDeploy.commit | default .Chart.AppVersion -}}
{{- end -}}

{{- define "app.image" -}}
{{ .Values.image.registry }}/app:{{ include "app.tag" . }}
{{- end -}}

{{- define "app.externalHost" -}}
{{- .Values.global.branchDeploy.host | default .Values.ingress.external.host -}}
{{- end -}}

{{- define "app.internalHost" -}}
{{- $slug := .Values.global.branchDeploy.slug -}}
{{- if and $slug .Values.ingress.internal.domain -}}
{{ $slug }}.{{ .Values.ingress.internal.domain }}
{{- else -}}
{{ .Values.ingress.internal.host }}
{{- end -}}
{{- end -}}

{{/* Where branches share a host and differ by path, the path is the one of their URL. */}}
{{- define "app.path" -}}
{{- (urlParse (.Values.global.branchDeploy.url | default "")).path | default "/" -}}
{{- end -}}

{{/* The plain variables, as a YAML map. */}}
{{- define "app.configuration" -}}
{{- $computed := dict
      "APP_HOST" (include "app.externalHost" .)
      "REDIS_URL" (.Values.redis.url | default (printf "redis://%s--redis:6379/0" .Release.Name))
      "SMTP_ADDRESS" (.Values.mail.host | default (printf "%s--mail" .Release.Name)) -}}
{{- merge (dict) .Values.configuration $computed | toYaml -}}
{{- end -}}

{{/*
A literal variable. The kubelet expands `$(NAME)` in values, and a branch may be called
`$(SECRET_KEY_BASE)`: a doubled `$` is a plain one to it.
*/}}
{{- define "app.variable" -}}
- name: {{ .name }}
  value: {{ .value | default "" | replace "$" "$$" | quote }}
{{- end -}}

{{/* What is deployed, for the app to show. */}}
{{- define "app.deployedVariables" -}}
{{- with .Values.global.branchDeploy -}}
{{ include "app.variable" (dict "name" "COMMIT" "value" .commit) }}
{{ include "app.variable" (dict "name" "BRANCH" "value" .branch) }}
{{- end -}}
{{- end -}}

{{- define "app.secretVariables" -}}
- secretRef:
    name: {{ .Values.secret.name }}
    optional: {{ .Values.secret.optional }}
{{- end -}}

{{/* Configuration and secrets of the containers that start once the release's objects exist. */}}
{{- define "app.variables" -}}
- configMapRef:
    name: {{ .Release.Name }}-config
{{ include "app.secretVariables" . }}
{{- end -}}

{{/* A pod's annotations change with the configuration, so that a new one reaches running pods. */}}
{{- define "app.podAnnotations" -}}
checksum/configuration: {{ include "app.configuration" .root | sha256sum }}
{{- with .annotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What all pods have in common: no root, no token of the cluster, no list of all Services. */}}
{{- define "app.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
{{- end -}}

{{/* What all containers have in common: only /tmp can be written to. */}}
{{- define "app.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end -}}
