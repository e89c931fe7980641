/**
 * The fields of the types that kube-apiserver prints in messages, in its order: its internal types, which are marshalled under the
 * names of the Go fields with nothing left out. A field is `Name:type`, a text when no type is given: n number, b boolean, q quantity,
 * i number or text, t time, y bytes, o and r as they are sent; `*` may be null, `[]` list, `{}` map, else the name of another type;
 * `+Type` is embedded. Types of core stand without their group.
 */
export const goFields: Readonly<Record<string, string>> = {
  'apps.DeploymentStrategy': 'Type RollingUpdate:*apps.RollingUpdateDeployment',
  'apps.RollingUpdateDeployment': 'MaxUnavailable:i MaxSurge:i',
  'apps.RollingUpdateStatefulSetStrategy': 'Partition:n MaxUnavailable:*i',
  'apps.StatefulSetUpdateStrategy': 'Type RollingUpdate:*apps.RollingUpdateStatefulSetStrategy',
  'batch.PodFailurePolicy': 'Rules:[]batch.PodFailurePolicyRule',
  'batch.PodFailurePolicyOnExitCodesRequirement': 'ContainerName:*s Operator Values:[]n',
  'batch.PodFailurePolicyOnPodConditionsPattern': 'Type Status',
  'batch.PodFailurePolicyRule':
    'Action OnExitCodes:*batch.PodFailurePolicyOnExitCodesRequirement ' +
    'OnPodConditions:[]batch.PodFailurePolicyOnPodConditionsPattern',
  'batch.SuccessPolicy': 'Rules:[]batch.SuccessPolicyRule',
  'batch.SuccessPolicyRule': 'SucceededIndexes:*s SucceededCount:*n',
  'batch.UncountedTerminatedPods': 'Succeeded:[]s Failed:[]s',
  'certificates.CertificateSigningRequestCondition':
    'Type Status Reason Message LastUpdateTime:t LastTransitionTime:t',
  AWSElasticBlockStoreVolumeSource: 'VolumeID FSType Partition:n ReadOnly:b',
  Affinity: 'NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAntiAffinity',
  AppArmorProfile: 'Type LocalhostProfile:*s',
  AzureDiskVolumeSource: 'DiskName DataDiskURI CachingMode:*s FSType:*s ReadOnly:*b Kind:*s',
  AzureFilePersistentVolumeSource: 'SecretName ShareName ReadOnly:b SecretNamespace:*s',
  AzureFileVolumeSource: 'SecretName ShareName ReadOnly:b',
  CSIPersistentVolumeSource:
    'Driver VolumeHandle ReadOnly:b FSType VolumeAttributes:{}s ' +
    'ControllerPublishSecretRef:*SecretReference NodeStageSecretRef:*SecretReference ' +
    'NodePublishSecretRef:*SecretReference ControllerExpandSecretRef:*SecretReference ' +
    'NodeExpandSecretRef:*SecretReference',
  CSIVolumeSource:
    'Driver ReadOnly:*b FSType:*s VolumeAttributes:{}s NodePublishSecretRef:*LocalObjectReference',
  Capabilities: 'Add:[]s Drop:[]s',
  CephFSPersistentVolumeSource: 'Monitors:[]s Path User SecretFile SecretRef:*SecretReference ReadOnly:b',
  CephFSVolumeSource: 'Monitors:[]s Path User SecretFile SecretRef:*LocalObjectReference ReadOnly:b',
  CinderPersistentVolumeSource: 'VolumeID FSType ReadOnly:b SecretRef:*SecretReference',
  CinderVolumeSource: 'VolumeID FSType ReadOnly:b SecretRef:*LocalObjectReference',
  ClusterTrustBundleProjection: 'Name:*s SignerName:*s LabelSelector:*o Optional:*b Path',
  ConfigMapEnvSource: '+LocalObjectReference Optional:*b',
  ConfigMapKeySelector: '+LocalObjectReference Key Optional:*b',
  ConfigMapProjection: '+LocalObjectReference Items:[]KeyToPath Optional:*b',
  ConfigMapVolumeSource: '+LocalObjectReference Items:[]KeyToPath DefaultMode:*n Optional:*b',
  Container:
    'Name Image Command:[]s Args:[]s WorkingDir Ports:[]ContainerPort EnvFrom:[]EnvFromSource ' +
    'Env:[]EnvVar Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy ' +
    'RestartPolicy:*s RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount ' +
    'VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe ' +
    'Lifecycle:*Lifecycle TerminationMessagePath TerminationMessagePolicy ImagePullPolicy ' +
    'SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY:b',
  ContainerPort: 'Name HostPort:n ContainerPort:n Protocol HostIP',
  ContainerResizePolicy: 'ResourceName RestartPolicy',
  ContainerRestartRule: 'Action ExitCodes:*ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'Operator Values:[]n',
  DownwardAPIProjection: 'Items:[]DownwardAPIVolumeFile',
  DownwardAPIVolumeFile: 'Path FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode:*n',
  DownwardAPIVolumeSource: 'Items:[]DownwardAPIVolumeFile DefaultMode:*n',
  EmptyDirVolumeSource: 'Medium SizeLimit:*q',
  EnvFromSource: 'Prefix ConfigMapRef:*ConfigMapEnvSource SecretRef:*SecretEnvSource',
  EnvVar: 'Name Value ValueFrom:*EnvVarSource',
  EnvVarSource:
    'FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector ' +
    'ConfigMapKeyRef:*ConfigMapKeySelector SecretKeyRef:*SecretKeySelector ' +
    'FileKeyRef:*FileKeySelector',
  EphemeralContainer: '+EphemeralContainerCommon TargetContainerName',
  EphemeralContainerCommon:
    'Name Image Command:[]s Args:[]s WorkingDir Ports:[]ContainerPort EnvFrom:[]EnvFromSource ' +
    'Env:[]EnvVar Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy ' +
    'RestartPolicy:*s RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount ' +
    'VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe ' +
    'Lifecycle:*Lifecycle TerminationMessagePath TerminationMessagePolicy ImagePullPolicy ' +
    'SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY:b',
  EphemeralVolumeSource: 'VolumeClaimTemplate:*PersistentVolumeClaimTemplate',
  ExecAction: 'Command:[]s',
  FCVolumeSource: 'TargetWWNs:[]s Lun:*n FSType ReadOnly:b WWIDs:[]s',
  FileKeySelector: 'VolumeName Path Key Optional:*b',
  FlexPersistentVolumeSource: 'Driver FSType SecretRef:*SecretReference ReadOnly:b Options:{}s',
  FlexVolumeSource: 'Driver FSType SecretRef:*LocalObjectReference ReadOnly:b Options:{}s',
  FlockerVolumeSource: 'DatasetName DatasetUUID',
  GCEPersistentDiskVolumeSource: 'PDName FSType Partition:n ReadOnly:b',
  GRPCAction: 'Port:n Service:*s',
  GitRepoVolumeSource: 'Repository Revision Directory',
  GlusterfsPersistentVolumeSource: 'EndpointsName Path ReadOnly:b EndpointsNamespace:*s',
  GlusterfsVolumeSource: 'EndpointsName Path ReadOnly:b',
  HTTPGetAction: 'Path Port:i Host Scheme HTTPHeaders:[]HTTPHeader',
  HTTPHeader: 'Name Value',
  HostAlias: 'IP Hostnames:[]s',
  HostIP: 'IP',
  HostPathVolumeSource: 'Path Type:*s',
  ISCSIPersistentVolumeSource:
    'TargetPortal IQN Lun:n ISCSIInterface FSType ReadOnly:b Portals:[]s DiscoveryCHAPAuth:b ' +
    'SessionCHAPAuth:b SecretRef:*SecretReference InitiatorName:*s',
  ISCSIVolumeSource:
    'TargetPortal IQN Lun:n ISCSIInterface FSType ReadOnly:b Portals:[]s DiscoveryCHAPAuth:b ' +
    'SessionCHAPAuth:b SecretRef:*LocalObjectReference InitiatorName:*s',
  ImageVolumeSource: 'Reference PullPolicy',
  KeyToPath: 'Key Path Mode:*n',
  Lifecycle: 'PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal:*s',
  LifecycleHandler: 'Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction Sleep:*SleepAction',
  LocalObjectReference: 'Name',
  LocalVolumeSource: 'Path FSType:*s',
  NFSVolumeSource: 'Server Path ReadOnly:b',
  NodeAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector ' +
    'PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm',
  NodeSelector: 'NodeSelectorTerms:[]NodeSelectorTerm',
  NodeSelectorRequirement: 'Key Operator Values:[]s',
  NodeSelectorTerm: 'MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement',
  ObjectFieldSelector: 'APIVersion FieldPath',
  ObjectReference: 'Kind Namespace Name UID APIVersion ResourceVersion FieldPath',
  PersistentVolumeClaimSpec:
    'AccessModes:[]s Selector:*o Resources:VolumeResourceRequirements VolumeName StorageClassName:*s ' +
    'VolumeMode:*s DataSource:*TypedLocalObjectReference DataSourceRef:*TypedObjectReference ' +
    'VolumeAttributesClassName:*s',
  PersistentVolumeClaimTemplate: '+o Spec:PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'ClaimName ReadOnly:b',
  PersistentVolumeSource:
    'GCEPersistentDisk:*GCEPersistentDiskVolumeSource ' +
    'AWSElasticBlockStore:*AWSElasticBlockStoreVolumeSource HostPath:*HostPathVolumeSource ' +
    'Glusterfs:*GlusterfsPersistentVolumeSource NFS:*NFSVolumeSource RBD:*RBDPersistentVolumeSource ' +
    'Quobyte:*QuobyteVolumeSource ISCSI:*ISCSIPersistentVolumeSource ' +
    'FlexVolume:*FlexPersistentVolumeSource Cinder:*CinderPersistentVolumeSource ' +
    'CephFS:*CephFSPersistentVolumeSource FC:*FCVolumeSource Flocker:*FlockerVolumeSource ' +
    'AzureFile:*AzureFilePersistentVolumeSource VsphereVolume:*VsphereVirtualDiskVolumeSource ' +
    'AzureDisk:*AzureDiskVolumeSource PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource ' +
    'PortworxVolume:*PortworxVolumeSource ScaleIO:*ScaleIOPersistentVolumeSource ' +
    'Local:*LocalVolumeSource StorageOS:*StorageOSPersistentVolumeSource ' +
    'CSI:*CSIPersistentVolumeSource',
  PersistentVolumeSpec:
    'Capacity:{}q +PersistentVolumeSource AccessModes:[]s ClaimRef:*ObjectReference ' +
    'PersistentVolumeReclaimPolicy StorageClassName MountOptions:[]s VolumeMode:*s ' +
    'NodeAffinity:*VolumeNodeAffinity VolumeAttributesClassName:*s',
  PhotonPersistentDiskVolumeSource: 'PdID FSType',
  PodAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm ' +
    'PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm',
  PodAffinityTerm:
    'LabelSelector:*o Namespaces:[]s TopologyKey NamespaceSelector:*o MatchLabelKeys:[]s ' +
    'MismatchLabelKeys:[]s',
  PodAntiAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm ' +
    'PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm',
  PodCertificateProjection:
    'SignerName KeyType MaxExpirationSeconds:*n CredentialBundlePath KeyPath CertificateChainPath ' +
    'UserAnnotations:{}s',
  PodDNSConfig: 'Nameservers:[]s Searches:[]s Options:[]PodDNSConfigOption',
  PodDNSConfigOption: 'Name Value:*s',
  PodIP: 'IP',
  PodOS: 'Name',
  PodReadinessGate: 'ConditionType',
  PodResourceClaim: 'Name ResourceClaimName:*s ResourceClaimTemplateName:*s',
  PodSchedulingGate: 'Name',
  PodSchedulingGroup: 'PodGroupName:*s',
  PodSecurityContext:
    'HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace:*b HostUsers:*b ' +
    'SELinuxOptions:*SELinuxOptions WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*n ' +
    'RunAsGroup:*n RunAsNonRoot:*b SupplementalGroups:[]n SupplementalGroupsPolicy:*s FSGroup:*n ' +
    'FSGroupChangePolicy:*s Sysctls:[]Sysctl SeccompProfile:*SeccompProfile ' +
    'AppArmorProfile:*AppArmorProfile SELinuxChangePolicy:*s',
  PodSpec:
    'Volumes:[]Volume InitContainers:[]Container Containers:[]Container ' +
    'EphemeralContainers:[]EphemeralContainer RestartPolicy TerminationGracePeriodSeconds:*n ' +
    'ActiveDeadlineSeconds:*n DNSPolicy NodeSelector:{}s ServiceAccountName ' +
    'AutomountServiceAccountToken:*b NodeName SecurityContext:*PodSecurityContext ' +
    'ImagePullSecrets:[]LocalObjectReference Hostname Subdomain SetHostnameAsFQDN:*b ' +
    'Affinity:*Affinity SchedulerName Tolerations:[]Toleration HostAliases:[]HostAlias ' +
    'PriorityClassName Priority:*n PreemptionPolicy:*s DNSConfig:*PodDNSConfig ' +
    'ReadinessGates:[]PodReadinessGate RuntimeClassName:*s Overhead:{}q EnableServiceLinks:*b ' +
    'TopologySpreadConstraints:[]TopologySpreadConstraint OS:*PodOS ' +
    'SchedulingGates:[]PodSchedulingGate ResourceClaims:[]PodResourceClaim ' +
    'Resources:*ResourceRequirements HostnameOverride:*s SchedulingGroup:*PodSchedulingGroup',
  PodTemplateSpec: '+o Spec:PodSpec',
  PortworxVolumeSource: 'VolumeID FSType ReadOnly:b',
  PreferredSchedulingTerm: 'Weight:n Preference:NodeSelectorTerm',
  Probe:
    '+ProbeHandler InitialDelaySeconds:n TimeoutSeconds:n PeriodSeconds:n SuccessThreshold:n ' +
    'FailureThreshold:n TerminationGracePeriodSeconds:*n',
  ProbeHandler: 'Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction GRPC:*GRPCAction',
  ProjectedVolumeSource: 'Sources:[]VolumeProjection DefaultMode:*n',
  QuobyteVolumeSource: 'Registry Volume ReadOnly:b User Group Tenant',
  RBDPersistentVolumeSource:
    'CephMonitors:[]s RBDImage FSType RBDPool RadosUser Keyring SecretRef:*SecretReference ReadOnly:b',
  RBDVolumeSource:
    'CephMonitors:[]s RBDImage FSType RBDPool RadosUser Keyring SecretRef:*LocalObjectReference ' +
    'ReadOnly:b',
  ResourceClaim: 'Name Request',
  ResourceFieldSelector: 'ContainerName Resource Divisor:q',
  ResourceRequirements: 'Limits:{}q Requests:{}q Claims:[]ResourceClaim',
  SELinuxOptions: 'User Role Type Level',
  ScaleIOPersistentVolumeSource:
    'Gateway System SecretRef:*SecretReference SSLEnabled:b ProtectionDomain StoragePool StorageMode ' +
    'VolumeName FSType ReadOnly:b',
  ScaleIOVolumeSource:
    'Gateway System SecretRef:*LocalObjectReference SSLEnabled:b ProtectionDomain StoragePool ' +
    'StorageMode VolumeName FSType ReadOnly:b',
  ScopeSelector: 'MatchExpressions:[]ScopedResourceSelectorRequirement',
  ScopedResourceSelectorRequirement: 'ScopeName Operator Values:[]s',
  SeccompProfile: 'Type LocalhostProfile:*s',
  SecretEnvSource: '+LocalObjectReference Optional:*b',
  SecretKeySelector: '+LocalObjectReference Key Optional:*b',
  SecretProjection: '+LocalObjectReference Items:[]KeyToPath Optional:*b',
  SecretReference: 'Name Namespace',
  SecretVolumeSource: 'SecretName Items:[]KeyToPath DefaultMode:*n Optional:*b',
  SecurityContext:
    'Capabilities:*Capabilities Privileged:*b SELinuxOptions:*SELinuxOptions ' +
    'WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*n RunAsGroup:*n RunAsNonRoot:*b ' +
    'ReadOnlyRootFilesystem:*b AllowPrivilegeEscalation:*b ProcMount:*s ' +
    'SeccompProfile:*SeccompProfile AppArmorProfile:*AppArmorProfile',
  ServiceAccountTokenProjection: 'Audience ExpirationSeconds:n Path',
  SleepAction: 'Seconds:n',
  StorageOSPersistentVolumeSource: 'VolumeName VolumeNamespace FSType ReadOnly:b SecretRef:*ObjectReference',
  StorageOSVolumeSource: 'VolumeName VolumeNamespace FSType ReadOnly:b SecretRef:*LocalObjectReference',
  Sysctl: 'Name Value',
  TCPSocketAction: 'Port:i Host',
  Toleration: 'Key Operator Value Effect TolerationSeconds:*n',
  TopologySelectorLabelRequirement: 'Key Values:[]s',
  TopologySelectorTerm: 'MatchLabelExpressions:[]TopologySelectorLabelRequirement',
  TopologySpreadConstraint:
    'MaxSkew:n TopologyKey WhenUnsatisfiable LabelSelector:*o MinDomains:*n NodeAffinityPolicy:*s ' +
    'NodeTaintsPolicy:*s MatchLabelKeys:[]s',
  TypedLocalObjectReference: 'APIGroup:*s Kind Name',
  TypedObjectReference: 'APIGroup:*s Kind Name Namespace:*s',
  Volume: 'Name +VolumeSource',
  VolumeDevice: 'Name DevicePath',
  VolumeMount: 'Name ReadOnly:b RecursiveReadOnly:*s MountPath SubPath MountPropagation:*s SubPathExpr',
  VolumeNodeAffinity: 'Required:*NodeSelector',
  VolumeProjection:
    'Secret:*SecretProjection DownwardAPI:*DownwardAPIProjection ConfigMap:*ConfigMapProjection ' +
    'ServiceAccountToken:*ServiceAccountTokenProjection ' +
    'ClusterTrustBundle:*ClusterTrustBundleProjection PodCertificate:*PodCertificateProjection',
  VolumeResourceRequirements: 'Limits:{}q Requests:{}q',
  VolumeSource:
    'HostPath:*HostPathVolumeSource EmptyDir:*EmptyDirVolumeSource ' +
    'GCEPersistentDisk:*GCEPersistentDiskVolumeSource ' +
    'AWSElasticBlockStore:*AWSElasticBlockStoreVolumeSource GitRepo:*GitRepoVolumeSource ' +
    'Secret:*SecretVolumeSource NFS:*NFSVolumeSource ISCSI:*ISCSIVolumeSource ' +
    'Glusterfs:*GlusterfsVolumeSource PersistentVolumeClaim:*PersistentVolumeClaimVolumeSource ' +
    'RBD:*RBDVolumeSource Quobyte:*QuobyteVolumeSource FlexVolume:*FlexVolumeSource ' +
    'Cinder:*CinderVolumeSource CephFS:*CephFSVolumeSource Flocker:*FlockerVolumeSource ' +
    'DownwardAPI:*DownwardAPIVolumeSource FC:*FCVolumeSource AzureFile:*AzureFileVolumeSource ' +
    'ConfigMap:*ConfigMapVolumeSource VsphereVolume:*VsphereVirtualDiskVolumeSource ' +
    'AzureDisk:*AzureDiskVolumeSource PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource ' +
    'Projected:*ProjectedVolumeSource PortworxVolume:*PortworxVolumeSource ' +
    'ScaleIO:*ScaleIOVolumeSource StorageOS:*StorageOSVolumeSource CSI:*CSIVolumeSource ' +
    'Ephemeral:*EphemeralVolumeSource Image:*ImageVolumeSource',
  VsphereVirtualDiskVolumeSource: 'VolumePath FSType StoragePolicyName StoragePolicyID',
  WeightedPodAffinityTerm: 'Weight:n PodAffinityTerm:PodAffinityTerm',
  WindowsSecurityContextOptions:
    'GMSACredentialSpecName:*s GMSACredentialSpec:*s RunAsUserName:*s HostProcess:*b',
  'flowcontrol.ExemptPriorityLevelConfiguration': 'NominalConcurrencyShares:*n LendablePercent:*n',
  'flowcontrol.FlowDistinguisherMethod': 'Type',
  'flowcontrol.FlowSchemaSpec':
    'PriorityLevelConfiguration:flowcontrol.PriorityLevelConfigurationReference MatchingPrecedence:n ' +
    'DistinguisherMethod:*flowcontrol.FlowDistinguisherMethod ' +
    'Rules:[]flowcontrol.PolicyRulesWithSubjects',
  'flowcontrol.GroupSubject': 'Name',
  'flowcontrol.LimitResponse': 'Type Queuing:*flowcontrol.QueuingConfiguration',
  'flowcontrol.LimitedPriorityLevelConfiguration':
    'NominalConcurrencyShares:n LimitResponse:flowcontrol.LimitResponse LendablePercent:*n ' +
    'BorrowingLimitPercent:*n',
  'flowcontrol.NonResourcePolicyRule': 'Verbs:[]s NonResourceURLs:[]s',
  'flowcontrol.PolicyRulesWithSubjects':
    'Subjects:[]flowcontrol.Subject ResourceRules:[]flowcontrol.ResourcePolicyRule ' +
    'NonResourceRules:[]flowcontrol.NonResourcePolicyRule',
  'flowcontrol.PriorityLevelConfigurationReference': 'Name',
  'flowcontrol.PriorityLevelConfigurationSpec':
    'Type Limited:*flowcontrol.LimitedPriorityLevelConfiguration ' +
    'Exempt:*flowcontrol.ExemptPriorityLevelConfiguration',
  'flowcontrol.QueuingConfiguration': 'Queues:n HandSize:n QueueLengthLimit:n',
  'flowcontrol.ResourcePolicyRule': 'Verbs:[]s APIGroups:[]s Resources:[]s ClusterScope:b Namespaces:[]s',
  'flowcontrol.ServiceAccountSubject': 'Namespace Name',
  'flowcontrol.Subject':
    'Kind User:*flowcontrol.UserSubject Group:*flowcontrol.GroupSubject ' +
    'ServiceAccount:*flowcontrol.ServiceAccountSubject',
  'flowcontrol.UserSubject': 'Name',
  'networking.IngressBackend':
    'Service:*networking.IngressServiceBackend Resource:*TypedLocalObjectReference',
  'networking.IngressClassParametersReference': 'APIGroup:*s Kind Name Scope:*s Namespace:*s',
  'networking.IngressServiceBackend': 'Name Port:networking.ServiceBackendPort',
  'networking.ParentReference': 'Group Resource Namespace Name',
  'networking.ServiceBackendPort': 'Name Number:n',
  'resource.AllocationResult':
    'Devices:resource.DeviceAllocationResult NodeSelector:*NodeSelector AllocationTimestamp:*t',
  'resource.CELDeviceSelector': 'Expression',
  'resource.CapacityRequestPolicy':
    'Default:*q ValidValues:[]q ValidRange:*resource.CapacityRequestPolicyRange',
  'resource.CapacityRequestPolicyRange': 'Min:*q Max:*q Step:*q',
  'resource.CapacityRequirements': 'Requests:{}q',
  'resource.Counter': 'Value:q',
  'resource.CounterSet': 'Name Counters:{}resource.Counter',
  'resource.Device':
    'Name Attributes:{}resource.DeviceAttribute Capacity:{}resource.DeviceCapacity ' +
    'ConsumesCounters:[]resource.DeviceCounterConsumption NodeName:*s NodeSelector:*NodeSelector ' +
    'AllNodes:*b Taints:[]resource.DeviceTaint BindsToNode:*b BindingConditions:[]s ' +
    'BindingFailureConditions:[]s AllowMultipleAllocations:*b ' +
    'NodeAllocatableResourceMappings:{}resource.NodeAllocatableResourceMapping',
  'resource.DeviceAllocationConfiguration': 'Source Requests:[]s +resource.DeviceConfiguration',
  'resource.DeviceAllocationResult':
    'Results:[]resource.DeviceRequestAllocationResult Config:[]resource.DeviceAllocationConfiguration',
  'resource.DeviceAttribute':
    'IntValue:*n BoolValue:*b StringValue:*s VersionValue:*s IntValues:[]n BoolValues:[]b ' +
    'StringValues:[]s VersionValues:[]s',
  'resource.DeviceCapacity': 'Value:q RequestPolicy:*resource.CapacityRequestPolicy',
  'resource.DeviceClaim':
    'Requests:[]resource.DeviceRequest Constraints:[]resource.DeviceConstraint ' +
    'Config:[]resource.DeviceClaimConfiguration',
  'resource.DeviceClaimConfiguration': 'Requests:[]s +resource.DeviceConfiguration',
  'resource.DeviceClassConfiguration': '+resource.DeviceConfiguration',
  'resource.DeviceClassSpec':
    'Selectors:[]resource.DeviceSelector Config:[]resource.DeviceClassConfiguration ' +
    'ExtendedResourceName:*s',
  'resource.DeviceConfiguration': 'Opaque:*resource.OpaqueDeviceConfiguration',
  'resource.DeviceConstraint': 'Requests:[]s MatchAttribute:*s DistinctAttribute:*s',
  'resource.DeviceCounterConsumption': 'CounterSet Counters:{}resource.Counter',
  'resource.DeviceRequest':
    'Name Exactly:*resource.ExactDeviceRequest FirstAvailable:[]resource.DeviceSubRequest',
  'resource.DeviceRequestAllocationResult':
    'Request Driver Pool Device AdminAccess:*b Tolerations:[]resource.DeviceToleration ' +
    'BindingConditions:[]s BindingFailureConditions:[]s ShareID:*s ConsumedCapacity:{}q',
  'resource.DeviceSelector': 'CEL:*resource.CELDeviceSelector',
  'resource.DeviceSubRequest':
    'Name DeviceClassName Selectors:[]resource.DeviceSelector AllocationMode Count:n ' +
    'Tolerations:[]resource.DeviceToleration Capacity:*resource.CapacityRequirements',
  'resource.DeviceTaint': 'Key Value Effect TimeAdded:*t',
  'resource.DeviceToleration': 'Key Operator Value Effect TolerationSeconds:*n',
  'resource.ExactDeviceRequest':
    'DeviceClassName Selectors:[]resource.DeviceSelector AllocationMode Count:n AdminAccess:*b ' +
    'Tolerations:[]resource.DeviceToleration Capacity:*resource.CapacityRequirements',
  'resource.NodeAllocatableResourceMapping': 'CapacityKey:*s AllocationMultiplier:*q',
  'resource.OpaqueDeviceConfiguration': 'Driver Parameters:r',
  'resource.ResourceClaimSpec': 'Devices:resource.DeviceClaim',
  'resource.ResourceClaimTemplateSpec': '+o Spec:resource.ResourceClaimSpec',
  'resource.ResourcePool': 'Name Generation:n ResourceSliceCount:n',
  'resource.ResourceSliceSpec':
    'Driver Pool:resource.ResourcePool NodeName:*s NodeSelector:*NodeSelector AllNodes:*b ' +
    'Devices:[]resource.Device PerDeviceNodeSelection:*b SharedCounters:[]resource.CounterSet',
  'storage.CSIDriverSpec':
    'AttachRequired:*b FSGroupPolicy:*s PodInfoOnMount:*b VolumeLifecycleModes:[]s StorageCapacity:*b ' +
    'TokenRequests:[]storage.TokenRequest RequiresRepublish:*b SELinuxMount:*b ' +
    'NodeAllocatableUpdatePeriodSeconds:*n ServiceAccountTokenInSecrets:*b ' +
    'PreventPodSchedulingIfMissing:*b',
  'storage.CSINodeDriver': 'Name NodeID TopologyKeys:[]s Allocatable:*storage.VolumeNodeResources',
  'storage.TokenRequest': 'Audience ExpirationSeconds:*n',
  'storage.VolumeAttachmentSource': 'PersistentVolumeName:*s InlineVolumeSpec:*PersistentVolumeSpec',
  'storage.VolumeAttachmentSpec': 'Attacher Source:storage.VolumeAttachmentSource NodeName',
  'storage.VolumeNodeResources': 'Count:*n',
};
